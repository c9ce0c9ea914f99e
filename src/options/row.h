#pragma once

// One row of the option table: everything that is known about an option.

#include <cstdint>
#include <span>
#include <string_view>

namespace adit::options {

class Use;

// Where an option may stand.
using Where = std::uint8_t;
namespace where {
inline constexpr Where nowhere = 0;
inline constexpr Where file = 1;
inline constexpr Where line = 2;  // the command line
inline constexpr Where anywhere = file | line;
inline constexpr Where pushed = 4;       // sent by a server
inline constexpr Where profile = 8;      // client-config-dir file, client-connect script
inline constexpr Where connection = 16;  // inside <connection>
inline constexpr Where inside = 32;      // as a block: <ca> ... </ca>
}  // namespace where

// What route-nopull takes away.
enum class Class : std::uint8_t { other, route, dns };

enum class State : std::uint8_t {
  implemented,
  accepted,  // understood and ignored; the note says why
  refused,   // the note says why and what to do
};

// What becomes of a change of this option when a running server reads its configuration again
// ("adit reload").
enum class Change : std::uint8_t {
  nothing,       // nothing acts on it then: tools, words for the reader, options without effect
  now,           // it is so at once, for connected clients as well
  handshakes,    // of new sessions, and of connected clients when they renew their keys
  new_sessions,  // connected clients keep what they have
  restart,       // the running server goes on as before
};

inline constexpr int many = 15;  // as a maximum: no limit of its own

struct Arguments {
  int min = 0;
  int max = 0;
  std::string_view grammar = {};
};

struct Row {
  std::string_view name;
  Arguments args = {};
  Where where = where::anywhere;
  Class kind = Class::other;
  State state = State::implemented;
  Change change = Change::restart;
  bool judges = false;         // it says who may connect, or in part
  bool reaches_back = false;   // said at top level, it also serves <connection> blocks above
  bool newer = false;          // than OpenVPN 2.6, which calls it unknown
  bool ours = false;           // OpenVPN does not know it
  bool secret = false;         // its parameters are not shown in messages
  std::string_view note = {};  // for implemented rows: a warning worth giving whenever it is used
  std::string_view help = {};
  std::string_view sibling = {};  // the option that is often meant where this one is not allowed
  void (*apply)(Use&) = nullptr;

  [[nodiscard]] bool allowed(Where place) const { return (where & place) != 0; }
};

// The rows of one subject.
struct Page {
  std::string_view title;
  std::span<const Row> rows;
};

}  // namespace adit::options
