#include "tests/sim/scenario.h"

#include <algorithm>

#include <fmt/core.h>

namespace adit::sim {

namespace {

constexpr Duration establish_limit = 10min;
constexpr Duration recover_limit = 10min;

template <typename T>
const T& pick(SeededRng& rng, const std::vector<T>& choices) {
  return choices[rng.below(choices.size())];
}

Terms draw_terms(SeededRng& rng) {
  Terms terms;
  terms.wrap = pick<Wrap>(rng, {Wrap::plain, Wrap::tls_auth, Wrap::tls_crypt, Wrap::tls_crypt_v2});
  terms.cipher =
      pick<std::string>(rng, {"AES-256-GCM", "AES-128-GCM", "CHACHA20-POLY1305", "AES-256-CBC"});
  terms.auth = pick<std::string>(rng, {"SHA1", "SHA256"});
  terms.epoch = rng.chance(0.5);
  terms.key_export = rng.chance(0.8);
  terms.reneg = std::chrono::seconds(100 + rng.below(100));
  terms.tran_window = std::chrono::seconds(70 + rng.below(100));
  terms.topology = rng.chance(0.5) ? options::Topology::subnet : options::Topology::net30;
  terms.exit_notify = rng.chance(0.3) ? 1 : 0;
  return terms;
}

Weather draw_weather(SeededRng& rng) {
  Weather weather;
  if (rng.chance(0.7)) weather.loss = rng.fraction() * 0.30;
  if (rng.chance(0.5)) weather.duplicate = rng.fraction() * 0.10;
  if (rng.chance(0.4)) weather.corrupt = rng.fraction() * 0.03;
  if (rng.chance(0.5)) weather.reorder = rng.fraction() * 0.20;
  weather.delay = std::chrono::milliseconds(rng.below(150));
  weather.jitter = std::chrono::milliseconds(rng.below(60));
  weather.reorder_delay = std::chrono::milliseconds(20 + rng.below(400));
  return weather;
}

class Play {
 public:
  explicit Play(std::uint64_t seed)
      : rng_(seed ^ 0x5EED), terms_(draw_terms(rng_)), world_(seed, terms_) {}

  Verdict run() {
    world_.add_server();
    const std::size_t clients = 1 + rng_.below(rng_.chance(0.2) ? 6 : 2);
    for (std::size_t i = 0; i < clients; ++i) world_.add_client();
    world_.wire().weather = draw_weather(rng_);
    note("wrap {} {} {} epoch {} export {} clients {} loss {:.2f} corrupt {:.3f}",
         static_cast<int>(terms_.wrap), terms_.cipher, terms_.auth, terms_.epoch, terms_.key_export,
         clients, world_.wire().weather.loss, world_.wire().weather.corrupt);
    if (!world_.run_until([&] { return all_up(); }, establish_limit))
      return lost("never established");
    world_.traffic_every(500ms);
    const int misfortunes = static_cast<int>(rng_.below(4));
    for (int i = 0; i < misfortunes; ++i) {
      world_.run_for(std::chrono::seconds(5 + rng_.below(60)));
      strike();
    }
    world_.run_for(std::chrono::seconds(10 + rng_.below(60)));
    return judge();
  }

 private:
  template <typename... Args>
  void note(fmt::format_string<Args...> format, Args&&... args) {
    if (!story_.empty()) story_ += "; ";
    story_ += fmt::format(format, std::forward<Args>(args)...);
  }

  Verdict lost(std::string why) {
    for (const std::string& violation : world_.invariants().violations()) why += "; " + violation;
    return {std::move(why), story_};
  }

  bool all_up() {
    return std::ranges::all_of(world_.clients(), [](const auto& client) { return client->up(); });
  }

  void strike() {
    ClientHost& client = *world_.clients()[rng_.below(world_.clients().size())];
    switch (rng_.below(6)) {
      case 0:
        note("{} crashes", client.name());
        return client.crash();
      case 1:
        note("server crashes");
        return world_.server().crash();
      case 2: {
        note("{} moves", client.name());
        const auto host = static_cast<std::uint32_t>(0xC6336400u + rng_.below(200));
        return client.move_to(
            {ip::Address::v4(host), static_cast<std::uint16_t>(1024 + rng_.below(60000)), 0});
      }
      case 3:
        note("handover");
        return world_.server().hand_over(0);
      case 4: {
        note("blackout");
        const Weather before = world_.wire().weather;
        world_.wire().weather.loss = 1.0;
        world_.run_for(std::chrono::seconds(1 + rng_.below(90)));
        world_.wire().weather = before;
        return;
      }
      default:
        note("weather changes");
        world_.wire().weather = draw_weather(rng_);
        return;
    }
  }

  // The sky clears: everybody must be there again, with data both ways and a renewed key.
  Verdict judge() {
    world_.wire().weather = {};
    world_.wire().weather.delay = 10ms;
    if (!world_.run_until([&] { return all_up(); }, recover_limit)) return lost("did not recover");
    std::vector<std::uint8_t> keys;
    for (const auto& client : world_.clients()) keys.push_back(client->key_id());
    const auto renewed = [&] {
      for (std::size_t i = 0; i < keys.size(); ++i) {
        if (world_.clients()[i]->key_id() == keys[i]) return false;
      }
      return true;
    };
    if (!world_.run_until(renewed, terms_.reneg + recover_limit)) return lost("no renegotiation");
    if (!world_.run_until([&] { return all_up(); }, recover_limit))
      return lost("down after renewal");
    world_.run_for(70s);
    const auto before = counts();
    world_.run_for(20s);
    const auto after = counts();
    for (std::size_t i = 0; i < after.size(); ++i) {
      if (after[i] < before[i] + 30) return lost(fmt::format("no data reaches host {}", i));
    }
    if (!world_.invariants().violations().empty()) return lost("invariant");
    return {{}, story_};
  }

  std::vector<std::size_t> counts() {
    std::vector<std::size_t> counts{world_.server().received()};
    for (const auto& client : world_.clients()) counts.push_back(client->received());
    return counts;
  }

  SeededRng rng_;
  Terms terms_;
  World world_;
  std::string story_;
};

}  // namespace

Verdict play(std::uint64_t seed) { return Play(seed).run(); }

}  // namespace adit::sim
