#include "node/disorder_report.h"

#include <algorithm>
#include <bit>

#include "node/lines.h"

namespace adit::node {

namespace {

constexpr Duration explanation_interval = std::chrono::minutes(1);
constexpr std::uint64_t widest_window = 65536;
constexpr std::uint64_t least_advice = 1024;

// Since earlier. Depths are those of all time: a window must hold the deepest.
plane::Disorder since(const plane::Disorder& earlier, const plane::Disorder& now) {
  plane::Disorder fresh = now;
  fresh.late -= earlier.late;
  fresh.repeated -= earlier.repeated;
  fresh.reordered -= earlier.reordered;
  fresh.in_fragments -= earlier.in_fragments;
  return fresh;
}

std::string packets(std::uint64_t count, std::string_view kind) {
  return fmt::format("{} {} packet{}", count, kind, count == 1 ? "" : "s");
}

// The window to try: four times what was met.
std::string advice(std::uint64_t deepest, const crypto::ReplayLimits& limits) {
  if (deepest >= widest_window) {
    return "no window reaches so far back: somebody may be sending old packets again";
  }
  if (deepest < limits.packets) {
    return fmt::format("they were more than {} s behind a newer one, try \"replay-window {} {}\"",
                       limits.seconds, limits.packets, std::min(600U, limits.seconds * 4));
  }
  const std::uint64_t wide = std::clamp(std::bit_ceil(deepest * 4), least_advice, widest_window);
  return fmt::format("try \"replay-window {}\"", wide);
}

std::string explain_late(const plane::Disorder& fresh, const crypto::ReplayLimits& limits) {
  std::string text = fmt::format("{} (max {} behind) dropped; replay-window is {}, {}",
                                 packets(fresh.late, "late"), fresh.deepest_late, limits.packets,
                                 advice(fresh.deepest_late, limits));
  if (fresh.in_fragments > 0 && fresh.in_fragments >= fresh.late / 10) {
    return text +
           fmt::format(
               "; likely cause: {} came in outer fragments and behind smaller whole ones, better "
               "let them fit the path: a smaller \"tun-mtu\" on the server, or \"mssfix\"",
               packets(fresh.in_fragments, "large"));
  }
  return text + "; likely cause: several paths or jitter (Wi-Fi, mobile, several lines at once)";
}

std::string explain_repeated(const plane::Disorder& fresh) {
  return fmt::format(
      "{} dropped, which loses nothing; likely cause: a duplicated link (a loop, a mirrored port, "
      "lines that all carry everything); \"mute-replay-warnings\" silences this",
      packets(fresh.repeated, "duplicate"));
}

}  // namespace

std::string explain_disorder(const plane::Disorder& fresh, const crypto::ReplayLimits& limits) {
  if (fresh.refused() == 0) return {};
  std::string text = fresh.late > 0 ? explain_late(fresh, limits) : explain_repeated(fresh);
  if (fresh.late > 0 && fresh.repeated > 0) {
    const std::string other = explain_repeated(fresh);
    text = fresh.repeated > fresh.late ? other + ". " + text : text + ". " + other;
  }
  if (fresh.reordered > 0) {
    text += fmt::format(". {} more came out of order (max {} behind) and were accepted",
                        fresh.reordered, fresh.deepest_reordered);
  }
  return text;
}

void DisorderReport::look(const plane::Disorder& so_far, const Key& key, Instant now,
                          const Log& log) {
  if (muted_) return;
  repeat_stock(so_far, key, log);
  seen_ = so_far;
  const plane::Disorder fresh = since(explained_, so_far);
  if (fresh.refused() == 0 || now < explain_again_) return;
  log.warn("{}", explain_disorder(fresh, limits_));
  explained_ = so_far;
  explain_again_ = now + explanation_interval;
}

void DisorderReport::repeat_stock(const plane::Disorder& so_far, const Key& key,
                                  const Log& log) const {
  const plane::Disorder fresh = since(seen_, so_far);
  const std::uint64_t deepest = std::max(so_far.deepest_late, so_far.deepest_reordered);
  if (deepest > std::max(seen_.deepest_late, seen_.deepest_reordered)) {
    log.debug(4, "{}", lines::pid_error("replay-window backtrack occurred", deepest, key.id));
  }
  if (fresh.refused() == 0) return;
  if (fresh.late > 0) {
    log.debug(4, "{}", lines::pid_error("large diff", so_far.deepest_late, key.id));
  }
  if (fresh.repeated > 0) {
    log.debug(4, "{}", lines::pid_error("replay", so_far.last_behind, key.id));
  }
  log.mutable_error(6, "{}", lines::bad_packet_id(so_far.last_refused, fresh.refused(), key.aead));
}

}  // namespace adit::node
