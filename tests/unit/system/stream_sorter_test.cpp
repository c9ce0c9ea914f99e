#include "system/stream_sorter.h"

#include "tests/unit/system/tcp_peers.h"

namespace adit::system {
namespace {

using std::chrono::milliseconds;
using Verdict = StreamSorter::Verdict;

class StreamSorting : public NetworkTest {};

// Three bytes decide: whoever begins with 'o' comes first.
struct Sorted {
  explicit Sorted(Duration patience = std::chrono::seconds(5), std::size_t most = 8)
      : loop(make_loop()),
        sorter(*loop, {[](Bytes seen) {
                         if (seen.size() < 3) return Verdict::more;
                         return seen[0] == 'o' ? Verdict::first : Verdict::second;
                       },
                       3, [this](Fd fd) { first.push_back(std::move(fd)); },
                       [this](Fd fd) { second.push_back(std::move(fd)); }, patience, most}) {
    auto opened = TcpListener::open(
        *loop,
        {.stack = Stack::v4, .local = {}, .local_port = 0, .local_scope_id = 0, .socket = {}},
        [this](Result<Fd> socket) { sorter.take(std::move(*socket)); });
    EXPECT_TRUE(opened);
    listener = std::move(*opened);
  }
  Fd connect() {
    Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto to = to_socket_address(at("127.0.0.1", listener->local().port), AF_INET);
    EXPECT_EQ(::connect(fd.get(), to->raw(), to->size), 0);
    const std::size_t before = sorter.waiting();
    EXPECT_TRUE(run_until(*loop, [&] { return sorter.waiting() != before || !first.empty(); }));
    return fd;
  }
  bool settles(std::size_t ours, std::size_t others) {
    return run_until(*loop, [&] { return first.size() == ours && second.size() == others; });
  }

  std::unique_ptr<Loop> loop;
  StreamSorter sorter;
  std::unique_ptr<TcpListener> listener;
  std::vector<Fd> first, second;
};

TEST_F(StreamSorting, goes_by_the_first_bytes_and_leaves_them_there) {
  in_own_network([] {
    Sorted sorted;
    const Fd ours = sorted.connect(), other = sorted.connect();
    put(ours, "ours");
    put(other, "GET / HTTP");
    ASSERT_TRUE(sorted.settles(1, 1));
    EXPECT_EQ(take(sorted.first[0], 4), "ours");
    EXPECT_EQ(take(sorted.second[0], 10), "GET / HTTP");
    EXPECT_EQ(sorted.sorter.waiting(), 0u);
  });
}

TEST_F(StreamSorting, waits_for_bytes_that_come_one_by_one_without_turning_in_vain) {
  in_own_network([] {
    Sorted sorted;
    const Fd ours = sorted.connect();
    for (const char* byte : {"o", "u"}) {
      put(ours, byte);
      unsigned turns = 0;
      const Instant until = sorted.loop->now() + milliseconds(40);
      for (; sorted.loop->now() < until; ++turns) sorted.loop->run_once(until);
      EXPECT_LE(turns, 4u);
      EXPECT_EQ(sorted.sorter.waiting(), 1u);
    }
    put(ours, "r");
    EXPECT_TRUE(sorted.settles(1, 0));
    EXPECT_EQ(take(sorted.first[0], 3), "our");
  });
}

TEST_F(StreamSorting, lets_go_of_who_ends_too_early_or_says_nothing) {
  in_own_network([] {
    Sorted sorted(milliseconds(60));
    const Fd short_one = sorted.connect(), silent = sorted.connect();
    put(short_one, "o");
    shutdown(short_one.get(), SHUT_WR);
    EXPECT_EQ(run_until(*sorted.loop, [&] { return sorted.sorter.waiting() == 0; }), true);
    EXPECT_EQ(take(silent, 1), "");
    EXPECT_TRUE(sorted.first.empty() && sorted.second.empty());
  });
}

TEST_F(StreamSorting, the_oldest_makes_room) {
  in_own_network([] {
    Sorted sorted(std::chrono::seconds(5), 1);
    const Fd old = sorted.connect();
    Fd fresh(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto to = to_socket_address(at("127.0.0.1", sorted.listener->local().port), AF_INET);
    ASSERT_EQ(::connect(fresh.get(), to->raw(), to->size), 0);
    put(fresh, "ours");
    ASSERT_TRUE(sorted.settles(1, 0));
    EXPECT_EQ(take(old, 1), "");
    EXPECT_EQ(take(sorted.first[0], 4), "ours");
  });
}

}  // namespace
}  // namespace adit::system
