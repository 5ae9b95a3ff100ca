#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dr {

// `text` fit for a terminal or a log line: control characters, escape sequences and Unicode
// bidirectional controls are removed, a run of line breaks and tabs becomes one blank, invalid
// UTF-8 becomes U+FFFD.
std::string printable(std::string_view text);
// A character that changes the direction in which those around it are shown (UAX 9).
bool is_bidi_control(char32_t code_point);

// `text` quoted for a POSIX shell when it needs to be, so that a printed command can be pasted.
std::string shell_quoted(std::string_view text);

std::string join(std::span<const std::string> parts, std::string_view separator);
std::vector<std::string> split(std::string_view text, char separator);  // "" gives no part
std::string_view trimmed(std::string_view text);  // without leading and trailing white space

// The candidate nearest to `word` by edit distance (a swap of neighbours counts once), at most 2
// away (1 for words under 5 letters), or "".
std::string nearest(std::string_view word, std::span<const std::string> candidates);

// The name is a DNS-1123 label (RFC 1123, at most 63 characters), as namespaces are.
bool is_dns_label(std::string_view name);

// Whether `name` matches a pattern with '*' (any run of characters) and '?' (any one).
bool glob_matches(std::string_view pattern, std::string_view name);

}  // namespace dr
