#include "system/plugin_callbacks.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/text.h"
#include "system/kernel_error.h"
#include "system/store.h"

namespace adit::system {

void PluginLines::put(PluginLine line) {
  const std::lock_guard guard(lock_);
  if (!ring_ || lines_.size() == most) return;
  lines_.push_back(std::move(line));
  if (lines_.size() == 1) ring_();
}

std::vector<PluginLine> PluginLines::take() {
  const std::lock_guard guard(lock_);
  return std::exchange(lines_, {});
}

void PluginLines::close() {
  const std::lock_guard guard(lock_);
  ring_ = nullptr;
}

namespace {

// The interface leaves no other way: what it calls has no parameter for an owner.
struct Destination {
  std::mutex lock;
  std::shared_ptr<PluginLines> lines;
};

// Whether a plugin has forked this process: nobody here takes lines, and whoever held a lock at
// that moment does not give it back.
bool& in_child() {
  static bool it_is = false;
  return it_is;
}

// Never destroyed: a thread of a plugin may log to the very end.
Destination& destination() {
  static auto* const one = new Destination;
  return *one;
}

void log_with(int flags, const char* plugin, const char* format, va_list arguments) {
  const int error = errno;
  std::array<char, 2048> text{};
  const int size = std::vsnprintf(text.data(), text.size(), format, arguments);
  if (size < 0) return;
  std::string line = std::string("PLUGIN ") + (plugin != nullptr ? plugin : "") + ": ";
  line += printable(text.data());
  if ((flags & plugin_abi::log_errno) != 0) {
    line += ": " + reason(error) + " (errno=" + std::to_string(error) + ")";
  }
  if (in_child()) {
    static_cast<void>(write_all(STDERR_FILENO, line + '\n'));
    return;
  }
  std::shared_ptr<PluginLines> lines;
  {
    const std::lock_guard guard(destination().lock);
    lines = destination().lines;
  }
  if (lines) lines->put({flags, std::move(line)});
}

extern "C" {

void adit_plugin_vlog(int flags, const char* plugin, const char* format, va_list arguments) {
  log_with(flags, plugin, format, arguments);
}

__attribute__((format(printf, 3, 4))) void adit_plugin_log(int flags, const char* plugin,
                                                           const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  log_with(flags, plugin, format, arguments);
  va_end(arguments);
}

void adit_plugin_secure_memzero(void* data, std::size_t size) { explicit_bzero(data, size); }

// Returns the text's length; it is the caller's, to be freed with free().
int adit_plugin_base64_encode(const void* data, int size, char** text) {
  if (data == nullptr || size < 0 || text == nullptr) return -1;
  const std::string encoded =
      to_base64({static_cast<const std::uint8_t*>(data), static_cast<std::size_t>(size)});
  *text = strdup(encoded.c_str());
  return *text == nullptr ? -1 : static_cast<int>(encoded.size());
}

// Returns how many bytes there are; size: room for them.
int adit_plugin_base64_decode(const char* text, void* data, int size) {
  const auto bytes = text != nullptr ? from_base64(text) : std::nullopt;
  if (!bytes || size < 0 || bytes->size() > static_cast<std::size_t>(size)) return -1;
  std::memcpy(data, bytes->data(), bytes->size());
  return static_cast<int>(bytes->size());
}

}  // extern "C"

// Whether this thread is inside a plugin, for the child that one of them forks.
bool& inside() {
  thread_local bool it_is = false;
  return it_is;
}

void begin_child() {
  if (!inside()) return;
  in_child() = true;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace

plugin_abi::Callbacks& plugin_callbacks() {
  static plugin_abi::Callbacks callbacks{adit_plugin_log, adit_plugin_vlog,
                                         adit_plugin_secure_memzero, adit_plugin_base64_encode,
                                         adit_plugin_base64_decode};
  return callbacks;
}

void send_plugin_lines_to(std::shared_ptr<PluginLines> lines) {
  const std::lock_guard guard(destination().lock);
  destination().lines = std::move(lines);
}

InPlugin::InPlugin() {
  static const int registered = pthread_atfork(nullptr, nullptr, begin_child);
  static_cast<void>(registered);
  inside() = true;
}

InPlugin::~InPlugin() { inside() = false; }

}  // namespace adit::system
