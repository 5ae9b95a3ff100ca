#pragma once

namespace dr {

// The exit codes of all three plugins (docs/exit-codes.md). Never change a value: scripts read
// them.
enum class ExitCode : int {
  ok = 0,          // done and verified
  failed = 1,      // failed; for diff and check: a difference or a missing image was found
  usage = 2,       // wrong usage, or a needed program is not there
  refused = 3,     // refused by a guard before any write except the halt itself
  incomplete = 4,  // written, read or listed only in part, or unknown
  unsafe = 5,      // the trading halt could not be proven, or the switch moved while we worked
  integrity = 6,   // an LKG, backup or inventory on disk is damaged, truncated or tampered with
  hangup = 129,
  interrupted = 130,
  terminated = 143,
};

// The code that tells of the higher danger: unsafe, then integrity, then an interruption, then
// incomplete, refused, usage, failed, ok.
ExitCode worse(ExitCode a, ExitCode b);

}  // namespace dr
