#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "options/config.h"
#include "ports/names_port.h"
#include "system/fd.h"

namespace adit::app {

// Looks after what the host's resolver is told, in a process of its own: that one keeps the rights
// that we may give up, and takes back what it did when we end, however we end.
class NamesKeeper final : public ports::NamesPort {
 public:
  explicit NamesKeeper(Log log) : log_(std::move(log)) {}
  ~NamesKeeper() override;
  NamesKeeper(const NamesKeeper&) = delete;
  NamesKeeper& operator=(const NamesKeeper&) = delete;

  // Of a configuration that was read (again): the program of "dns-updown".
  void adopt(const options::Scripts& scripts);
  // Starts the process, which later will need the rights that we have now. Harmless when it runs.
  void prepare();
  void set(const ports::NameSettings& settings) override;
  void clear() override;

 private:
  [[nodiscard]] bool start();
  void ask(const std::string& line);
  [[nodiscard]] bool hear(std::string& rest);
  void tell(std::string_view line);
  void let_go();

  std::vector<std::string> script_;
  Log log_;
  int pid_ = -1;
  system::Fd channel_;
};

// What tunnels that were killed have left behind here is taken back.
void recover_names(const Log& log);

// The process itself: "adit keep-names [SCRIPT...]", which talks on its standard input. Not for
// users.
inline constexpr const char* names_keeper_word = "keep-names";
int run_names_keeper(const std::vector<std::string>& script);

}  // namespace adit::app
