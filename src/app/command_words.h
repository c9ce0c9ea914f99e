#pragma once

// What the commands that set a host up share: words of the command line, and talking to the user.

#include <optional>
#include <string>
#include <vector>

#include "app/exit_codes.h"
#include "base/result.h"
#include "ip/address.h"
#include "setup/engine.h"
#include "setup/pki_certificates.h"
#include "system/fd.h"

namespace adit::app {

inline constexpr const char* usual_dir = "/etc/adit";

// On standard error, one line; returns the exit status.
int complain(const Error& error, int status = exit_failure);
// Of what stands in the way; told: also that nothing was changed.
int complain_all(const std::vector<Error>& errors, bool told);
void tell(const std::string& line);
void indent(const std::string& line);
void tell_notes(const std::vector<std::string>& notes);
void show_dry_run(const std::vector<setup::Step>& steps, const std::vector<std::string>& notes);

// Absolute and without a slash at the end; it need not exist.
[[nodiscard]] std::string absolute_dir(const std::string& dir);
// Of this very program.
[[nodiscard]] std::string own_path();

// option: for messages, "--lan". Host bits are an error that says what was meant.
[[nodiscard]] Result<ip::Prefix> network_of(const std::string& option, const std::string& word);
// Also several in one word, divided by commas; "none" is the empty list.
[[nodiscard]] Result<std::vector<ip::Prefix>> networks_of(const std::string& option,
                                                          const std::vector<std::string>& words);

// Of the terminal that standard output is; nothing: it is none.
struct Screen {
  std::size_t columns = 0, rows = 0;
};
[[nodiscard]] std::optional<Screen> screen();
// For lines of text: 0, as long as they are, when the output is no terminal.
[[nodiscard]] std::size_t text_columns(std::size_t least = 40, std::size_t most = 100);

// Somebody sits at the other end of both.
[[nodiscard]] bool is_dialogue();
// What was typed, or the answer in brackets when that was nothing.
[[nodiscard]] std::string ask_line(const std::string& question, const std::string& usual);
[[nodiscard]] bool ask_yes(const std::string& question, bool usual);

// Others that change something here wait until this one is let go. Root's is one for all folders,
// for what is changed on a host they share; another user's is the folder itself, or the nearest
// above it that exists.
[[nodiscard]] system::Fd lock_dir(const std::string& dir);

// Of DIR/state. repair: what a killed run left half done is taken back first.
[[nodiscard]] Result<setup::Journal> open_journal(setup::Host& host, const std::string& dir,
                                                  const std::string& owner, bool repair);
// Waits until it is gone. what: for the message, "the server".
[[nodiscard]] Status end_process(setup::Host& host, int pid, const std::string& what);

// The authority of DIR/pki, with the program's clock; rng must outlive it.
[[nodiscard]] setup::PkiCertificates certificates_of(const std::string& dir, Rng& rng);

}  // namespace adit::app
