#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "system/plugin_abi.h"

namespace adit::system {

struct PluginLine {
  int flags = 0;  // plugin_abi::LogFlags
  std::string text;
};

// What plugins log, from whatever thread, until the control thread takes it. Of a flood only the
// beginning is kept.
class PluginLines {
 public:
  // ring: called by the thread that puts the first line in.
  explicit PluginLines(std::function<void()> ring) : ring_(std::move(ring)) {}

  void put(PluginLine line);
  [[nodiscard]] std::vector<PluginLine> take();
  // Nobody takes lines any more.
  void close();

 private:
  static constexpr std::size_t most = 1000;

  std::mutex lock_;
  std::function<void()> ring_;
  std::vector<PluginLine> lines_;
};

// The functions of ours that plugins may call. They come without a place for an owner, so that the
// process has one destination for all that plugins log; nullptr: it is lost. A process that a
// plugin forks logs to standard error.
[[nodiscard]] plugin_abi::Callbacks& plugin_callbacks();
void send_plugin_lines_to(std::shared_ptr<PluginLines> lines);

// Around every call into a plugin: a process that it forks is known to be one, and starts with no
// signal blocked, although our threads have them blocked.
class InPlugin {
 public:
  InPlugin();
  ~InPlugin();
  InPlugin(const InPlugin&) = delete;
  InPlugin& operator=(const InPlugin&) = delete;
};

}  // namespace adit::system
