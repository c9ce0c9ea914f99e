#include "doctor/log_diagnosis.h"

#include <algorithm>
#include <map>

#include <fmt/core.h>

#include "base/text.h"
#include "doctor/log_lines.h"

namespace adit::doctor {

namespace {

using Kind = LogLine::Kind;
constexpr std::size_t most_told = 8;

// What the log says of one handshake, or of all of one peer: the latest of each kind.
struct Story {
  std::optional<LogLine> first_packet, again, accepted, connected, asked, timed_out, trouble;
  std::size_t last = 0;

  void take(const LogLine& line) {
    last = line.number;
    switch (line.kind) {
      case Kind::first_packet:
        first_packet = line;
        break;
      case Kind::came_again:
        again = line;
        break;
      case Kind::accepted:
        accepted = line;
        break;
      case Kind::connected:
        connected = line;
        break;
      case Kind::asked:
        asked = line;
        break;
      case Kind::timed_out:
        timed_out = line;
        break;
      case Kind::trouble:
        if (outweighs(line.cause)) trouble = line;
        break;
      default:
        break;
    }
  }
  // The word of a network comes beside everything else; that the direction is wrong is said once.
  [[nodiscard]] bool outweighs(Cause cause) const {
    if (!trouble || trouble->cause == Cause::no_answer) return true;
    if (trouble->cause == Cause::wrong_direction && cause == Cause::wrong_key) return false;
    return cause != Cause::no_answer;
  }
};

Trouble make(Cause cause, const std::string& peer, std::string what, std::string cure,
             const std::optional<LogLine>& line = {}) {
  return {cause,
          peer,
          std::move(what),
          std::move(cure),
          line ? line->text : std::string(),
          line ? line->number : 0};
}

Trouble of_line(const LogLine& line, const std::string& peer) {
  return make(line.cause, peer, line.what, line.cure, line);
}

constexpr const char* ask_with_client =
    "write \"client\" (or \"pull\") in the client's configuration; without it it never asks";

bool has_text(const std::optional<LogLine>& line, std::string_view text) {
  return line && line->text.find(text) != std::string::npos;
}

// After the certificates it is about them, however it is called.
bool is_late_alert(const Story& story) {
  return story.accepted && has_text(story.trouble, "alert handshake failure");
}

// A server's view of one peer; nothing: no trouble.
std::optional<Trouble> judge_peer(const Story& story, const std::string& peer) {
  const bool later = story.trouble && story.connected && story.trouble->cause != Cause::no_answer &&
                     story.trouble->number > story.connected->number;
  if (story.connected && !story.asked && !later) {
    return make(Cause::no_push_request, peer,
                "keys were exchanged and no PUSH_REQUEST came: the client does not ask, or its "
                "packets are lost",
                ask_with_client, story.connected);
  }
  if (story.trouble && has_text(story.trouble, "alert handshake failure")) {
    return make(Cause::certificate, peer, "the client refuses this server's certificate",
                "its log says why: adit doctor --log FILE there", story.trouble);
  }
  if (story.trouble && story.trouble->cause != Cause::no_answer) {
    return of_line(*story.trouble, peer);
  }
  const bool went_on =
      story.first_packet && story.again && story.first_packet->number > story.again->number;
  if (story.again && !went_on) {
    return make(Cause::answer_lost, peer,
                "its first packet came and was answered, and the answer does not reach it",
                "let UDP from this server's port out, and look for a NAT or a firewall between "
                "(several addresses here: \"multihome\")",
                story.again);
  }
  if (!story.timed_out) return std::nullopt;
  return make(Cause::fell_silent, peer,
              story.accepted ? "its certificate was accepted here, and then it fell silent"
                             : "it was answered and then fell silent: it refused this server's "
                               "certificate, or larger packets are lost",
              "the client's log says which: adit doctor --log FILE there", story.timed_out);
}

// A client's view of the handshake that it tried last.
std::optional<Trouble> judge_server(const Story& story, const std::string& peer) {
  if (story.connected && !story.asked && !has_text(story.trouble, "AUTH_FAILED")) {
    return make(Cause::no_push_request, peer,
                "keys were exchanged, and this client sent no PUSH_REQUEST", ask_with_client,
                story.connected);
  }
  if (story.trouble && is_late_alert(story)) {
    return make(Cause::certificate, peer, "the other side refuses our certificate",
                "its log says why: adit doctor --log FILE there", story.trouble);
  }
  if (story.trouble && story.trouble->cause != Cause::no_answer) {
    return of_line(*story.trouble, peer);
  }
  if (story.asked) {
    return make(Cause::no_push_request, peer,
                "PUSH_REQUEST was sent and no PUSH_REPLY came: the server never got it, or its "
                "answer was lost",
                "the server's log tells which: adit doctor --log FILE there", story.asked);
  }
  if (!story.timed_out && !story.trouble) return std::nullopt;
  if (story.accepted || has_text(story.timed_out, "PUSH_REPLY")) {
    return make(Cause::fell_silent, peer,
                "the server's certificate was accepted, and then it fell silent: it refused this "
                "client's certificate or password, or packets are lost",
                "its log says why: adit doctor --log FILE there",
                story.accepted ? story.accepted : story.timed_out);
  }
  if (story.first_packet) {
    return make(Cause::fell_silent, peer,
                "the server answered the first packet and then fell silent: no shared TLS cipher, "
                "or larger packets are lost",
                "its log says which; for lost packets try \"max-packet-size 1000\"",
                story.first_packet);
  }
  if (story.trouble) return of_line(*story.trouble, peer);
  return make(Cause::no_answer, peer,
              "nothing came back: no packet arrives there, or it arrives with another tls-auth or "
              "tls-crypt key, or the answer is lost",
              "the server's log tells these three apart: adit doctor --log FILE there",
              story.timed_out);
}

Role role_of(const std::vector<LogLine>& lines) {
  for (const LogLine& line : lines) {
    if (line.role != Role::unknown) return line.role;
  }
  return Role::unknown;
}

void note_up(LogDiagnosis& diagnosis, const LogLine& line) {
  diagnosis.last_up = line.text;
  diagnosis.last_up_number = line.number;
}

constexpr const char* let_in =
    "check the address and the port that clients use, and let it in: this host's firewall, the "
    "router's port forwarding, the provider's security group";

// A server that was asked by nobody, or whose answers nobody took. Stock does not write of a first
// packet, but from then on in front of its own lines.
std::optional<Trouble> judge_quiet(const std::vector<LogLine>& lines) {
  std::optional<LogLine> ready;
  bool is_adit = false;
  for (const LogLine& line : lines) {
    is_adit = is_adit || line.text.starts_with("Data channel crypto:") ||
              line.text.starts_with("UDP offloads in use");
    if (line.kind == Kind::started && !line.text.starts_with("Connection Attempt ")) ready = line;
    if (ready && line.text.starts_with("Connection Attempt ")) {
      return make(Cause::answer_lost, {},
                  "a first packet came and was answered, and nothing followed: the answer is lost",
                  "let UDP from this server's port out, and look for a NAT or a firewall between",
                  line);
    }
  }
  if (!ready) return std::nullopt;
  if (!is_adit && lines.back().number == ready->number) {
    return make(
        Cause::unheard, {},
        "no packet of any client came, or the answer to it was lost: stock openvpn does "
        "not say which",
        "have it write a line and look again: kill -USR2 PID; or restart it with \"verb 6\"",
        ready);
  }
  return make(Cause::no_packet, {}, "no packet of any client came since the server was ready",
              let_in, ready);
}

void judge_server_log(LogDiagnosis& diagnosis, const std::vector<LogLine>& lines) {
  std::map<std::string, Story> stories;
  bool anybody = false;
  for (const LogLine& line : lines) {
    if (line.kind == Kind::pushed) {
      anybody = true;
      note_up(diagnosis, line);
      stories.erase(line.peer);
    } else if (!line.peer.empty() && line.kind != Kind::other && line.kind != Kind::dialled) {
      anybody = true;
      stories[line.peer].take(line);
    } else if (line.kind == Kind::first_packet) {
      anybody = true;
    }
  }
  std::vector<std::pair<std::size_t, Trouble>> found;
  for (const auto& [peer, story] : stories) {
    if (auto trouble = judge_peer(story, peer)) found.emplace_back(story.last, std::move(*trouble));
  }
  std::ranges::sort(found, std::greater<>{}, [](const auto& one) { return one.first; });
  for (auto& [when, trouble] : found) diagnosis.troubles.push_back(std::move(trouble));
  if (anybody) return;
  if (auto quiet = judge_quiet(lines)) diagnosis.troubles.push_back(std::move(*quiet));
}

void judge_client_log(LogDiagnosis& diagnosis, const std::vector<LogLine>& lines) {
  Story story;
  std::optional<Trouble> latest;
  std::string peer;
  for (const LogLine& line : lines) {
    if (line.kind == Kind::dialled) {
      if (auto trouble = judge_server(story, peer)) latest = std::move(trouble);
      story = {};
      peer = line.peer;
    } else if (line.kind == Kind::pushed || (line.kind == Kind::started && story.asked)) {
      note_up(diagnosis, line);
      story = {};
      latest.reset();
    } else {
      story.take(line);
    }
  }
  if (auto trouble = judge_server(story, peer); trouble && (story.timed_out || story.trouble)) {
    latest = std::move(trouble);
  }
  if (latest) diagnosis.troubles.push_back(std::move(*latest));
}

std::string quoted(const Trouble& trouble) {
  return trouble.line.empty() ? std::string()
                              : fmt::format("line {}: {}", trouble.number, trouble.line);
}

struct Question {
  const char* id;
  const char* name;
  std::vector<Cause> causes;
};

const std::vector<Question>& questions() {
  static const std::vector<Question> all{
      {"packet", "a packet came", {Cause::no_packet, Cause::unheard}},
      {"key", "control channel key", {Cause::wrong_key, Cause::wrong_direction}},
      {"answer", "the answer arrived", {Cause::answer_lost, Cause::no_answer}},
      {"cipher", "shared cipher", {Cause::no_shared_cipher}},
      {"certificate", "certificate", {Cause::certificate, Cause::fell_silent}},
      {"login", "name and password", {Cause::login}},
      {"push-request", "PUSH_REQUEST came", {Cause::no_push_request}},
  };
  return all;
}

// The questions in their order: those before the failed one were passed.
void tell(Report& report, const Trouble& trouble, const std::string& prefix) {
  bool passed = true;
  for (const Question& question : questions()) {
    const std::string id = prefix + question.id, label = prefix + question.name;
    if (std::ranges::find(question.causes, trouble.cause) != question.causes.end()) {
      passed = false;
      std::string text = std::string(name(trouble.cause)) + ": " + trouble.what;
      if (const std::string line = quoted(trouble); !line.empty()) text += " (" + line + ")";
      report.failed(id, label, text, trouble.cure);
    } else if (!passed) {
      report.not_tested(id, label, "it did not come so far");
    } else if (trouble.cause == Cause::no_answer) {
      report.not_tested(id, label, "a client's log cannot tell");
    } else {
      report.ok(id, label, fmt::format("it went further, line {}", trouble.number));
    }
  }
}

}  // namespace

const char* name(Cause cause) {
  switch (cause) {
    case Cause::no_packet:
      return "no packet came";
    case Cause::wrong_key:
      return "wrong control channel key";
    case Cause::wrong_direction:
      return "wrong key direction";
    case Cause::answer_lost:
      return "the answer was lost";
    case Cause::certificate:
      return "certificate refused";
    case Cause::no_shared_cipher:
      return "no shared cipher";
    case Cause::no_push_request:
      return "no PUSH_REQUEST";
    case Cause::fell_silent:
      return "the other side fell silent";
    case Cause::no_answer:
      return "no answer";
    case Cause::unheard:
      return "no client got in";
    case Cause::login:
      break;
  }
  return "login refused";
}

LogDiagnosis diagnose_log(std::string_view log, Role role) {
  std::vector<LogLine> lines;
  std::size_t number = 0;
  for (const std::string_view line : split(log, '\n')) {
    ++number;
    if (!trim(line).empty()) lines.push_back(read_line(line, number));
  }
  LogDiagnosis diagnosis;
  diagnosis.role = role != Role::unknown ? role : role_of(lines);
  if (diagnosis.role == Role::server) {
    judge_server_log(diagnosis, lines);
  } else {
    judge_client_log(diagnosis, lines);
  }
  return diagnosis;
}

Report report_on_log(const LogDiagnosis& diagnosis, const std::string& source) {
  Report report;
  const bool server = diagnosis.role == Role::server;
  report.subject = fmt::format("{}, the log of a {}", source, server ? "server" : "client");
  constexpr const char *id = "tunnel", *label = "tunnel came up";
  if (diagnosis.role == Role::unknown && diagnosis.troubles.empty()) {
    report.subject = source;
    report.not_tested(id, label, "no line here is one of a handshake",
                      "say whose log it is: --role");
    return report;
  }
  const std::size_t count = std::min(diagnosis.troubles.size(), most_told);
  for (std::size_t i = 0; i < count; ++i) {
    const Trouble& trouble = diagnosis.troubles[i];
    const bool many = server && diagnosis.troubles.size() > 1;
    tell(report, trouble, many ? trouble.peer + " " : std::string());
    if (!many && !trouble.peer.empty()) report.notes.push_back("about " + trouble.peer);
  }
  if (count < diagnosis.troubles.size()) {
    report.notes.push_back(fmt::format("and {} more peers", diagnosis.troubles.size() - count));
  }
  if (!diagnosis.last_up.empty()) {
    report.ok(
        id, label,
        fmt::format("line {}: {}", diagnosis.last_up_number, diagnosis.last_up.substr(0, 120)));
  } else if (diagnosis.troubles.empty()) {
    report.not_tested(id, label, "the log tells of no handshake that failed or succeeded");
  }
  return report;
}

}  // namespace adit::doctor
