#include "system/resolver.h"

#include <algorithm>
#include <cerrno>
#include <netdb.h>
#include <sys/socket.h>

#include "system/kernel_error.h"
#include "system/socket_address.h"
#include "system/thread.h"

namespace adit::system {

namespace {

// One may hang while the other answers the next question.
constexpr unsigned most_threads = 2;

std::string why_not(int error) { return error == EAI_SYSTEM ? reason(errno) : gai_strerror(error); }

std::string advice_for_host(int error) {
  switch (error) {
    case EAI_NONAME:
      return "check the spelling of the name";
    case EAI_AGAIN:
    case EAI_SYSTEM:
      return "no name server answered: check the network and /etc/resolv.conf";
    default:
      return {};
  }
}

std::string word(ip::Family family) { return family == ip::Family::v4 ? "an IPv4" : "an IPv6"; }

Result<Resolver::Addresses> literal(const ip::Address& address, std::optional<ip::Family> family) {
  if (!family || *family == address.family()) return Resolver::Addresses{address};
  return fail("{} is not {} address", address.text(), word(*family));
}

}  // namespace

// Where questions wait and answers are handed over. Threads hold it, so that it may outlive the
// resolver; they reach the loop only while the resolver is there.
struct Resolver::Desk : std::enable_shared_from_this<Desk> {
  struct Question {
    std::uint64_t number;
    std::string host;
    std::optional<ip::Family> family;
  };

  Desk(Resolver* owner, LookUp how) : resolver(owner), look_up(std::move(how)) {}

  std::mutex lock;
  Resolver* resolver;  // null: nobody waits any more; changed on the control thread only
  const LookUp look_up;
  std::optional<Question> waiting;
  unsigned threads = 0;

  bool ask(Question question);
  std::optional<Question> take();
  void work();
  void hand_over(std::uint64_t question, Result<Addresses> answer);
};

// True: a thread is to be started for it.
bool Resolver::Desk::ask(Question question) {
  const std::lock_guard guard(lock);
  waiting = std::move(question);
  if (threads == most_threads) return false;
  ++threads;
  return true;
}

std::optional<Resolver::Desk::Question> Resolver::Desk::take() {
  const std::lock_guard guard(lock);
  auto question = std::exchange(waiting, std::nullopt);
  if (!question) --threads;
  return question;
}

void Resolver::Desk::work() {
  while (const auto question = take()) {
    hand_over(question->number, look_up(question->host, question->family));
  }
}

void Resolver::Desk::hand_over(std::uint64_t question, Result<Addresses> answer) {
  const std::lock_guard guard(lock);
  if (resolver == nullptr) return;
  resolver->loop_.post([desk = shared_from_this(), question, answer = std::move(answer)] {
    if (desk->resolver != nullptr) desk->resolver->tell(question, answer);
  });
}

Resolver::Resolver(Loop& loop, LookUp look_up)
    : loop_(loop), desk_(std::make_shared<Desk>(this, std::move(look_up))) {}

Resolver::~Resolver() {
  const std::lock_guard guard(desk_->lock);
  desk_->resolver = nullptr;
  desk_->waiting.reset();
}

void Resolver::resolve(const std::string& host, std::optional<ip::Family> family, Done done) {
  cancel();
  done_ = std::move(done);
  const std::uint64_t number = question_;
  if (const auto address = ip::Address::parse(host)) {
    return desk_->hand_over(number, literal(*address, family));
  }
  if (!desk_->ask({number, host, family})) return;
  auto thread = start_thread("adit-resolve", [desk = desk_] { desk->work(); });
  if (thread) return thread->detach();
  while (desk_->take()) {
  }
  desk_->hand_over(number, fail_with(thread.error()));
}

void Resolver::cancel() {
  ++question_;
  done_ = nullptr;
  const std::lock_guard guard(desk_->lock);
  desk_->waiting.reset();
}

void Resolver::tell(std::uint64_t question, const Result<Addresses>& answer) {
  if (question != question_ || !done_) return;
  const Done done = std::exchange(done_, nullptr);
  done(answer);
}

Result<Resolver::Addresses> Resolver::ask_host(const std::string& host,
                                               std::optional<ip::Family> family) {
  addrinfo hints{};
  hints.ai_family = family ? family_number(*family) : AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;  // one entry per address
  addrinfo* list = nullptr;
  if (const int error = getaddrinfo(host.c_str(), nullptr, &hints, &list); error != 0) {
    return fail_with(
        {fmt::format("cannot resolve {}: {}", host, why_not(error)), advice_for_host(error)});
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, freeaddrinfo);
  Addresses addresses;
  for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
    SocketAddress raw;
    std::memcpy(&raw.storage, at->ai_addr, at->ai_addrlen);
    const ip::Address address = to_endpoint(raw).address;
    if (std::ranges::find(addresses, address) == addresses.end()) addresses.push_back(address);
  }
  return addresses;
}

}  // namespace adit::system
