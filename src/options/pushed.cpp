#include "options/pushed.h"

#include <algorithm>

#include "base/text.h"
#include "options/lexer.h"
#include "options/reader.h"
#include "options/table.h"

namespace adit::options {

namespace {

using Severity = Issue::Severity;
using FilterAction = Client::Filter::Action;

const char* const source = "[PUSH-OPTIONS]";

bool has_control_character(std::string_view text) { return std::ranges::any_of(text, is_control); }

std::string first_word(std::string_view option) {
  const std::string_view text = without_leading_blanks(option);
  return std::string(text.substr(0, text.find(' ')));
}

// Tokens must not reach a log, not even in a broken line.
std::string harmless(const std::string& option) {
  const Row* const row = find_row(first_word(option));
  return shown(row == nullptr || row->secret ? first_word(option) : option);
}

class Pull {
 public:
  Pull(const Config& config, Pulled& into)
      : config_(config),
        into_(into),
        reader_(where::pushed, {.pulled = &into, .names_allowed = config.client.allow_pull_fqdn},
                outcome_.issues, nullptr) {}

  PushOutcome run(const std::vector<std::string>& options) {
    into_.continuation.reset();
    for (const std::string& option : options) {
      at_.line++;
      if (!option.empty() && passes_filter(option)) take(option);
      if (outcome_.verdict == PushVerdict::restart) return std::move(outcome_);
    }
    if (into_.continuation == 2u) outcome_.verdict = PushVerdict::more;
    check_cipher();
    check_mtu();
    check_compression();
    if (into_.unknown_protocol) {
      fatal("the server chose a protocol feature which is not known here", {});
    }
    return std::move(outcome_);
  }

 private:
  bool passes_filter(const std::string& option) {
    const FilterAction action = filter_for(config_, option).value_or(FilterAction::accept);
    if (action == FilterAction::accept) return true;
    const std::string quoted = '\'' + harmless(option) + '\'';
    if (action == FilterAction::ignore) {
      report(Severity::note, "Pushed option removed by filter: " + quoted);
    } else {
      report(Severity::error, "Pushed option rejected by filter: " + quoted + ". Restarting");
      outcome_.verdict = PushVerdict::restart;
    }
    return false;
  }

  void take(const std::string& option) {
    auto words = split_words(option);
    if (!words || has_control_character(option)) {
      report(Severity::error, words ? "control characters" : words.error().what, harmless(option));
      return;
    }
    if (words->empty()) return;
    const Row* const row = find_row(words->front());
    if (config_.routes.nopull && row != nullptr && row->kind != Class::other) {
      report(Severity::note, "left out because of route-nopull", harmless(option));
      return;
    }
    outcome_.taken.push_back(words->front());
    reader_.take({std::move(*words), false, at_, shown(option)});
  }

  void check_cipher() {
    const std::string& cipher = into_.cipher;
    const auto& offered = config_.channel.data_ciphers;
    if (cipher.empty() || cipher == config_.channel.data_ciphers_fallback ||
        std::ranges::find(offered, cipher) != offered.end()) {
      return;
    }
    fatal("the server chose the cipher " + shown(cipher) + ", which is not in data-ciphers (" +
              join(offered, ":") + ")",
          "add it to data-ciphers");
  }

  // Too large a one is cut to what is allowed, and the tunnel comes up. source: stock 2.6.14
  void check_mtu() {
    if (!into_.tun_mtu) return;
    constexpr unsigned least = 100, always_allowed = 1600;
    const Connection& link = config_.connection;
    const unsigned most =
        std::max({always_allowed, link.tun_mtu.value_or(0), link.tun_mtu_max.value_or(0)});
    const std::string pushed = std::to_string(*into_.tun_mtu);
    if (*into_.tun_mtu < least) {
      fatal("the server pushed a tun-mtu of " + pushed, {});
    } else if (*into_.tun_mtu > most) {
      into_.tun_mtu = most;
      outcome_.issues.push_back(
          {Severity::error,
           {},
           {},
           "Server-pushed tun-mtu is too large: " + pushed + "; using " + std::to_string(most) +
               ", and larger packets are lost",
           "add \"tun-mtu-max " + pushed + "\" to the client's configuration"});
    }
  }

  void check_compression() {
    const auto compression = into_.compression.value_or(Compression::off);
    const bool forbidden = config_.channel.allow_compression_set &&
                           config_.channel.allow_compression == Channel::AllowCompression::no;
    if (compresses(compression) && forbidden) {
      fatal("the server wants compression, which allow-compression forbids",
            "write \"allow-compression asym\" to understand what it compresses");
    }
  }

  void fatal(std::string message, std::string advice) {
    outcome_.issues.push_back({Severity::error, {}, {}, std::move(message), std::move(advice)});
    outcome_.verdict = PushVerdict::fatal;
  }
  void report(Severity severity, std::string message, std::string line = {}) {
    outcome_.issues.push_back({severity, at_, std::move(line), std::move(message), {}});
  }

  const Config& config_;
  Pulled& into_;
  PushOutcome outcome_;
  Location at_{source, 0};
  Reader reader_;
};

}  // namespace

std::optional<FilterAction> filter_for(const Config& config, const std::string& option) {
  // A blank in front must not hide what it is. source: stock 2.6.14
  const std::string_view begin = without_leading_blanks(option);
  for (const auto& [action, prefix] : config.client.pull_filters) {
    if (begin.starts_with(prefix)) return action;
  }
  return std::nullopt;
}

Pulled pulled_from(const Config& config) {
  Pulled pulled;
  pulled.device = config.device;
  pulled.routes = config.routes;
  pulled.timers = config.timers;
  pulled.scripts = config.scripts;
  pulled.persist_tun = config.device.persist_tun;
  return pulled;
}

PushOutcome apply_pushed(const std::vector<std::string>& options, const Config& config,
                         Pulled& into) {
  return Pull(config, into).run(options);
}

}  // namespace adit::options
