// A UDP relay with weather, for tests: the network between a client and a server, at its worst.
//
//   client ── datagram ──▶ listen │ weather up   │ a port per client ──▶ server
//   client ◀────────────── listen │ weather down │ that port ◀────────── server
//
// Like a NAT it keeps one flow per client address, with a port of its own towards the server;
// "rebind" gives every flow a new one, as a NAT does that forgot its table.

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <map>
#include <memory>
#include <netinet/in.h>
#include <optional>
#include <queue>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Instant = Clock::time_point;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::size_t largest_datagram = 65536;
constexpr std::size_t batch_packets = 64;
constexpr std::size_t most_waiting = 200'000;  // packets in flight
constexpr std::size_t most_flows = 4096;
constexpr std::size_t most_rebinds = 256;
constexpr int socket_buffer_bytes = 4 << 20;

constexpr const char* help_text =
    R"(usage: relay [options] LISTEN FORWARD

Relays UDP datagrams that arrive at LISTEN to FORWARD, and the answers back.
Addresses: 192.0.2.1:1194 or [2001:db8::1]:1194.

  --seed N          of the dice (1)
  --up WEATHER      towards FORWARD
  --down WEATHER    back to the clients
  --both WEATHER    both
  --help            this text

WEATHER is a list like loss=0.01,delay=20,jitter=5,reorder=0.02:3,duplicate=0.01

  loss=P            share of packets that vanish
  delay=MS          how long every packet takes
  jitter=MS         up to so much more, at random; the order stays
  reorder=P:MS      share of packets that are held back MS longer and so overtaken
  displace=P:N      share of data packets that N later ones of their flow overtake
  duplicate=P       share of packets that arrive twice
  clear             none of it

Commands on standard input, each answered by a line "ok ..." or "error ...":

  up WEATHER, down WEATHER, both WEATHER
  rebind            towards FORWARD every client gets a new port; the old one is deaf
  stats             what was counted
  quit              also the end of standard input
)";

// ---- addresses ----

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
  [[nodiscard]] bool operator<(const Address& other) const { return key() < other.key(); }

 private:
  [[nodiscard]] std::string_view key() const {
    return {reinterpret_cast<const char*>(&storage), size};
  }
};

std::optional<Address> parse_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  const auto port = static_cast<std::uint16_t>(std::strtoul(text.c_str() + colon + 1, nullptr, 10));
  std::string host = text.substr(0, colon);
  Address address;
  if (host.size() > 2 && host.front() == '[') {
    host = host.substr(1, host.size() - 2);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address.size = sizeof *v6;
    if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) != 1) return std::nullopt;
  } else {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address.size = sizeof *v4;
    if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) != 1) return std::nullopt;
  }
  return address;
}

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "relay: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

Fd open_socket(int family) {
  Fd fd(socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) die("socket");
  for (const int option : {SO_RCVBUFFORCE, SO_SNDBUFFORCE}) {
    setsockopt(fd.get(), SOL_SOCKET, option, &socket_buffer_bytes, sizeof socket_buffer_bytes);
  }
  return fd;
}

// ---- weather ----

struct Weather {
  double loss = 0, reorder = 0, displace = 0, duplicate = 0;
  std::size_t places = 0;  // of displace
  Milliseconds delay{0}, jitter{0}, held_back{0};
};

bool set_weather(Weather& weather, const std::string& name, const std::string& value) {
  char* rest = nullptr;
  const double number = std::strtod(value.c_str(), &rest);
  if (rest == value.c_str() || number < 0) return false;
  const bool share = number <= 1;
  if (name == "loss") return share && ((weather.loss = number), true);
  if (name == "duplicate") return share && ((weather.duplicate = number), true);
  if (name == "delay") return (weather.delay = Milliseconds(number)), true;
  if (name == "jitter") return (weather.jitter = Milliseconds(number)), true;
  if (!share || *rest != ':') return false;
  if (name == "displace") {
    weather.displace = number;
    weather.places = std::strtoul(rest + 1, nullptr, 10);
    return weather.places > 0;
  }
  if (name != "reorder") return false;
  weather.reorder = number;
  weather.held_back = Milliseconds(std::strtod(rest + 1, nullptr));
  return true;
}

std::optional<Weather> parse_weather(const std::string& text) {
  Weather weather;
  if (text == "clear") return weather;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) return std::nullopt;
    if (!set_weather(weather, word.substr(0, equals), word.substr(equals + 1))) return std::nullopt;
  }
  return weather;
}

struct Counters {
  std::uint64_t received = 0, lost = 0, duplicated = 0, reordered = 0, sent = 0, refused = 0;
};

// ---- the relay ----

// A data packet that waits for later ones to overtake it.
struct Displaced {
  std::size_t places;
  std::vector<char> bytes;
};

struct Flow {
  Address client;
  Fd socket;                          // towards the server
  std::array<Instant, 2> last_due{};  // per direction, so that jitter keeps the order
  std::array<std::deque<Displaced>, 2> displaced{};
};

// OpenVPN's data packets; handshakes have too few packets to wait for.
bool is_data(std::string_view packet) {
  const int opcode = packet.empty() ? 0 : static_cast<unsigned char>(packet.front()) >> 3;
  return opcode == 6 || opcode == 9;
}

struct Waiting {
  Instant due;
  std::uint64_t number;  // among equals, first come first served
  std::shared_ptr<Flow> flow;
  bool up;
  std::vector<char> bytes;
  bool operator<(const Waiting& other) const {
    return std::pair(due, number) > std::pair(other.due, other.number);
  }
};

class Relay {
 public:
  Relay(const Address& listen, Address forward, unsigned long seed)
      : forward_(forward),
        listener_(open_socket(listen.storage.ss_family)),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
        dice_(seed) {
    if (epoll_.get() < 0 || timer_.get() < 0) die("epoll");
    if (bind(listener_.get(), listen.raw(), listen.size) != 0) die("bind");
    fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    watch(STDIN_FILENO);
    watch(listener_.get());
    watch(timer_.get());
  }

  void set(std::string_view direction, const Weather& weather) {
    if (direction != "down") weather_[0] = weather;
    if (direction != "up") weather_[1] = weather;
    let_go(true);
    let_go(false);
  }

  void run() {
    while (!done_) {
      std::array<epoll_event, 64> events;
      const int count = epoll_wait(epoll_.get(), events.data(), events.size(), -1);
      if (count < 0 && errno != EINTR) die("epoll_wait");
      for (int i = 0; i < count; ++i) serve(events[static_cast<std::size_t>(i)].data.fd);
      deliver_due();
    }
  }

 private:
  void watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
  }

  void serve(int fd) {
    if (fd == STDIN_FILENO) return take_commands();
    if (fd == timer_.get()) {
      std::uint64_t expirations = 0;
      if (read(fd, &expirations, sizeof expirations) < 0 && errno != EAGAIN) die("timer");
      return;
    }
    if (fd == listener_.get()) return take_batch(fd, nullptr);
    const auto found = by_socket_.find(fd);
    if (found != by_socket_.end()) take_batch(fd, found->second);
  }

  // flow: whose socket it is; none for the listener, which serves all clients.
  void take_batch(int fd, const std::shared_ptr<Flow>& flow) {
    std::array<mmsghdr, batch_packets> messages{};
    std::array<iovec, batch_packets> vectors;
    std::array<Address, batch_packets> from;
    for (std::size_t i = 0; i < batch_packets; ++i) {
      vectors[i] = {&room_[i * largest_datagram], largest_datagram};
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
      messages[i].msg_hdr.msg_name = &from[i].storage;
      messages[i].msg_hdr.msg_namelen = sizeof from[i].storage;
    }
    const int count = recvmmsg(fd, messages.data(), batch_packets, 0, nullptr);
    const Instant now = Clock::now();
    for (std::size_t i = 0; count > 0 && i < static_cast<std::size_t>(count); ++i) {
      from[i].size = messages[i].msg_hdr.msg_namelen;
      const auto owner = flow ? flow : flow_of(from[i]);
      if (owner)
        pass(owner, flow == nullptr, {&room_[i * largest_datagram], messages[i].msg_len}, now);
    }
  }

  std::shared_ptr<Flow> flow_of(const Address& client) {
    const auto found = flows_.find(client);
    if (found != flows_.end()) return found->second;
    if (flows_.size() >= most_flows) return nullptr;
    auto flow = std::make_shared<Flow>(Flow{client, connect_socket(), {}, {}});
    by_socket_[flow->socket.get()] = flow;
    return flows_[client] = flow;
  }

  Fd connect_socket() {
    Fd fd = open_socket(forward_.storage.ss_family);
    if (connect(fd.get(), forward_.raw(), forward_.size) != 0) die("connect");
    watch(fd.get());
    return fd;
  }

  bool dice(double share) { return share > 0 && fraction_(dice_) < share; }

  void pass(const std::shared_ptr<Flow>& flow, bool up, std::string_view packet, Instant now) {
    const Weather& weather = weather_[up ? 0 : 1];
    Counters& counters = counters_[up ? 0 : 1];
    ++counters.received;
    if (dice(weather.loss)) {
      ++counters.lost;
      return;
    }
    if (weather.displace > 0 && is_data(packet)) {
      overtake(flow, up, now);
      if (dice(weather.displace)) {
        ++counters.reordered;
        flow->displaced[up ? 0 : 1].push_back({weather.places, {packet.begin(), packet.end()}});
        return;
      }
    }
    send_on(flow, up, packet, now);
  }

  // One more packet has come: who was overtaken often enough goes after it.
  void overtake(const std::shared_ptr<Flow>& flow, bool up, Instant now) {
    auto& waiting = flow->displaced[up ? 0 : 1];
    while (!waiting.empty() && waiting.front().places == 0) {
      const Displaced next = std::move(waiting.front());
      waiting.pop_front();
      send_on(flow, up, {next.bytes.data(), next.bytes.size()}, now);
    }
    for (Displaced& displaced : waiting) --displaced.places;
  }

  // The weather changed: nobody waits any more.
  void let_go(bool up) {
    for (const auto& [client, flow] : flows_) {
      auto& waiting = flow->displaced[up ? 0 : 1];
      for (; !waiting.empty(); waiting.pop_front()) {
        send_on(flow, up, {waiting.front().bytes.data(), waiting.front().bytes.size()},
                Clock::now());
      }
    }
  }

  void send_on(const std::shared_ptr<Flow>& flow, bool up, std::string_view packet, Instant now) {
    const Weather& weather = weather_[up ? 0 : 1];
    Counters& counters = counters_[up ? 0 : 1];
    const bool twice = dice(weather.duplicate);
    if (twice) ++counters.duplicated;
    for (int copy = 0; copy < (twice ? 2 : 1); ++copy) {
      const Milliseconds takes = weather.delay + weather.jitter * fraction_(dice_);
      Instant due = now + std::chrono::duration_cast<Clock::duration>(takes);
      Instant& last = flow->last_due[up ? 0 : 1];
      if (dice(weather.reorder)) {
        ++counters.reordered;
        due += std::chrono::duration_cast<Clock::duration>(weather.held_back);
      } else {
        last = due = std::max(due, last);
      }
      if (due <= now && waiting_.empty()) {
        deliver(*flow, up, packet);
      } else if (waiting_.size() < most_waiting) {
        waiting_.push({due, next_number_++, flow, up, {packet.begin(), packet.end()}});
      } else {
        ++counters.refused;
      }
    }
  }

  void deliver(const Flow& flow, bool up, std::string_view packet) {
    const int fd = up ? flow.socket.get() : listener_.get();
    const sockaddr* to = up ? nullptr : flow.client.raw();
    const socklen_t size = up ? 0 : flow.client.size;
    Counters& counters = counters_[up ? 0 : 1];
    const bool sent = sendto(fd, packet.data(), packet.size(), 0, to, size) >= 0;
    ++(sent ? counters.sent : counters.refused);
  }

  void deliver_due() {
    const Instant now = Clock::now();
    while (!waiting_.empty() && waiting_.top().due <= now) {
      const Waiting& next = waiting_.top();
      deliver(*next.flow, next.up, {next.bytes.data(), next.bytes.size()});
      waiting_.pop();
    }
    if (waiting_.empty()) return;
    const auto left = std::max<std::int64_t>(
        1, std::chrono::duration_cast<std::chrono::nanoseconds>(waiting_.top().due - now).count());
    itimerspec time{};
    time.it_value.tv_sec = left / 1'000'000'000;
    time.it_value.tv_nsec = left % 1'000'000'000;
    timerfd_settime(timer_.get(), 0, &time, nullptr);
  }

  // ---- commands ----

  void take_commands() {
    std::array<char, 1024> bytes;
    const ssize_t count = read(STDIN_FILENO, bytes.data(), bytes.size());
    if (count == 0) done_ = true;
    if (count <= 0) return;
    commands_.append(bytes.data(), static_cast<std::size_t>(count));
    for (std::size_t end; (end = commands_.find('\n')) != std::string::npos;) {
      command(commands_.substr(0, end));
      commands_.erase(0, end + 1);
    }
    std::fflush(stdout);
  }

  void command(const std::string& line) {
    std::istringstream words(line);
    std::string verb, argument;
    words >> verb >> argument;
    if (verb == "quit") {
      done_ = true;
    } else if (verb == "stats") {
      return show_stats();
    } else if (verb == "rebind") {
      if (!rebind()) return complain(line);
    } else if (verb == "up" || verb == "down" || verb == "both") {
      const auto weather = parse_weather(argument);
      if (!weather) return complain(line);
      set(verb, *weather);
    } else {
      return complain(line);
    }
    std::printf("ok %s\n", line.c_str());
  }

  static void complain(const std::string& line) { std::printf("error %s\n", line.c_str()); }

  // What still comes to the old ports is not read: a NAT would not know where to send it.
  bool rebind() {
    if (retired_.size() + flows_.size() > most_rebinds) return false;
    for (const auto& [client, flow] : flows_) {
      epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, flow->socket.get(), nullptr);
      by_socket_.erase(flow->socket.get());
      retired_.push_back(std::exchange(flow->socket, connect_socket()));
      by_socket_[flow->socket.get()] = flow;
    }
    return true;
  }

  void show_stats() const {
    std::printf("ok stats flows=%zu waiting=%zu", flows_.size(), waiting_.size());
    for (std::size_t i = 0; i < 2; ++i) {
      const Counters& c = counters_[i];
      std::printf(" %s: received=%lu lost=%lu duplicated=%lu reordered=%lu sent=%lu refused=%lu",
                  i == 0 ? "up" : "down", c.received, c.lost, c.duplicated, c.reordered, c.sent,
                  c.refused);
    }
    std::printf("\n");
  }

  Address forward_;
  Fd listener_, epoll_, timer_;
  std::mt19937_64 dice_;
  std::uniform_real_distribution<double> fraction_{0, 1};
  std::array<Weather, 2> weather_{};  // up, down
  std::array<Counters, 2> counters_{};
  std::map<Address, std::shared_ptr<Flow>> flows_;
  std::map<int, std::shared_ptr<Flow>> by_socket_;
  std::vector<Fd> retired_;
  std::priority_queue<Waiting> waiting_;
  std::uint64_t next_number_ = 0;
  std::string commands_;
  std::vector<char> room_ = std::vector<char>(batch_packets * largest_datagram);
  bool done_ = false;
};

int usage() {
  std::fputs(help_text, stderr);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  unsigned long seed = 1;
  std::vector<std::pair<std::string, Weather>> weather;
  std::vector<Address> ends;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--help") {
      std::fputs(help_text, stdout);
      return 0;
    }
    if (word.rfind("--", 0) == 0) {
      if (++i == argc) return usage();
      if (word == "--seed") {
        seed = std::strtoul(argv[i], nullptr, 10);
        continue;
      }
      const auto parsed = parse_weather(argv[i]);
      if (!parsed || (word != "--up" && word != "--down" && word != "--both")) return usage();
      weather.emplace_back(word.substr(2), *parsed);
      continue;
    }
    const auto address = parse_address(word);
    if (!address) return usage();
    ends.push_back(*address);
  }
  if (ends.size() != 2) return usage();
  Relay relay(ends[0], ends[1], seed);
  for (const auto& [direction, kind] : weather) relay.set(direction, kind);
  std::printf("relaying\n");
  std::fflush(stdout);
  relay.run();
}
