#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace dr::test {

// How often something was reached, by its name. The two that decide have names of their own.
using Counts = std::map<std::string, std::size_t>;

inline const std::string k_restores = "restores";
inline const std::string k_breaches = "breaches";

// The sum of what `jobs` child processes count; each is given its number. Throws when one dies.
Counts count_in_parallel(std::uint64_t jobs, const std::function<Counts(std::uint64_t)>& count);

// Prints them, and last "N restores, M breaches of T1–T9".
void print(Counts counts);

}  // namespace dr::test
