#include "management/interface.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace adit::management {

namespace {

constexpr WallTime at{1000};

class Told final : public Process {
 public:
  [[nodiscard]] int pid() const override { return 42; }
  void log(Severity, std::string_view text) override { lines.emplace_back(text); }
  [[nodiscard]] int verbosity() const override { return verb; }
  void set_verbosity(int wanted) override { verb = wanted; }
  [[nodiscard]] unsigned mute() const override { return muted; }
  void set_mute(unsigned wanted) override { muted = wanted; }
  void signal(std::string_view name) override { signals.emplace_back(name); }
  [[nodiscard]] std::string auth_retry() const override { return "none"; }
  bool set_auth_retry(std::string_view how) override { return how == "interact"; }
  void forget_passwords() override { ++forgotten; }

  std::vector<std::string> lines, signals;
  int verb = 3, forgotten = 0;
  unsigned muted = 0;
};

class SomeServer final : public Instance {
 public:
  [[nodiscard]] std::string status(int version) const override {
    return "VERSION," + std::to_string(version) + "\nEND\n";
  }
  [[nodiscard]] Load load() const override { return moved; }
  [[nodiscard]] bool is_server() const override { return true; }
  [[nodiscard]] std::vector<ByteCount> byte_counts() const override { return counts; }
  std::size_t kill_name(std::string_view name) override { return name == "ann" ? 2 : 0; }
  std::size_t kill_address(std::string_view address, std::uint16_t port) override {
    return address == "1.2.3.4" && port == 5 ? 1 : 0;
  }
  bool client_auth(std::uint64_t client, std::uint64_t key, const std::string& lines) override {
    admitted = std::to_string(client) + "/" + std::to_string(key) + ":" + lines;
    return true;
  }
  bool client_deny(std::uint64_t, std::uint64_t, std::string_view why,
                   std::string_view told) override {
    denied = std::string(why) + "|" + std::string(told);
    return true;
  }

  std::size_t push_update(std::optional<std::uint64_t> client,
                          const std::vector<std::string>& options) override {
    updated = (client ? std::to_string(*client) : "all") + ":";
    for (const std::string& option : options) updated += option + "|";
    return reachable;
  }

  Load moved{2, 30, 40};
  std::vector<ByteCount> counts;
  std::string admitted, denied, updated;
  std::size_t reachable = 1;
};

class SomeClient final : public Instance {
 public:
  [[nodiscard]] std::string status(int) const override { return "OpenVPN STATISTICS\nEND\n"; }
  [[nodiscard]] Load load() const override { return {0, 7, 8}; }
  [[nodiscard]] bool is_server() const override { return false; }
  [[nodiscard]] std::vector<Remote> remotes() const override {
    return {{"vpn.example", "1194", "udp"}, {"192.0.2.1", "443", "tcp-client"}};
  }
};

class ManagementInterface : public ::testing::Test {
 protected:
  explicit ManagementInterface(Settings settings = {"a title"})
      : face(std::move(settings), process) {}

  std::string say(const std::string& text) {
    face.take(as_bytes(text));
    return face.take_output();
  }
  void greet() {
    face.connected();
    static_cast<void>(face.take_output());
  }

  Told process;
  Interface face;
};

class PasswordedInterface : public ManagementInterface {
 protected:
  PasswordedInterface() : ManagementInterface({"a title", SecretText("geheim")}) {}
};

}  // namespace

TEST_F(ManagementInterface, GreetsWhoeverConnects) {
  face.connected();
  EXPECT_EQ(face.take_output(),
            ">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\n");
}

TEST_F(ManagementInterface, TakesLinesInPiecesAndWithEitherEnd) {
  greet();
  EXPECT_EQ(say("pi"), "");
  EXPECT_EQ(say("d\r\npid\n"), "SUCCESS: pid=42\r\nSUCCESS: pid=42\r\n");
}

TEST_F(ManagementInterface, ALineTooLongIsLostAsAWhole) {
  greet();
  EXPECT_EQ(say(std::string(std::size_t{1} << 20, 'x') + "\nsignal SIGTERM"),
            "ERROR: unknown command, enter 'help' for more options\r\n");
  EXPECT_TRUE(process.signals.empty());
}

TEST_F(ManagementInterface, OnlyPrintableBytesCount) {
  greet();
  EXPECT_EQ(say(std::string("p\0i\x01"
                            "d\n",
                            6)),
            "SUCCESS: pid=42\r\n");
}

TEST_F(ManagementInterface, ComplainsOfTooFewParameters) {
  greet();
  EXPECT_EQ(say("kill\n"), "ERROR: the 'kill' command requires 1 parameter\r\n");
  EXPECT_EQ(say("client-deny 1\n"),
            "ERROR: the 'client-deny' command requires at least 3 parameters\r\n");
}

TEST_F(ManagementInterface, PasswordsAreNotLogged) {
  greet();
  static_cast<void>(say("password Auth secret\n"));
  EXPECT_EQ(process.lines, std::vector<std::string>{"MANAGEMENT: CMD 'password [...]'"});
}

TEST_F(ManagementInterface, ShowsWhatWasLoggedAndGoesOn) {
  face.log(at, {1, Severity::info, 0, "one"});
  face.log(at, {3, Severity::info, 0, "two"});
  greet();
  EXPECT_EQ(say("log on all\n"),
            "SUCCESS: real-time log notification set to ON\r\n1000,I,one\r\n1000,,two\r\nEND\r\n");
  face.log({1001}, {1, Severity::warning, 0, "three"});
  EXPECT_EQ(face.take_output(), ">LOG:1001,W,three\r\n");
  EXPECT_EQ(say("log 1\n"), "1001,W,three\r\nEND\r\n");
}

TEST_F(ManagementInterface, TheNextClientHearsNothingItDidNotAskFor) {
  greet();
  static_cast<void>(say("log on\nstate on\n"));
  face.disconnected();
  greet();
  face.log(at, {1, Severity::info, 0, "one"});
  face.state(at, {"WAIT"});
  EXPECT_EQ(face.take_output(), "");
}

TEST_F(ManagementInterface, StatesHaveEightFieldsAndANinthForIpv6) {
  greet();
  static_cast<void>(say("state on\n"));
  face.state(at, {"CONNECTED", "SUCCESS", "10.8.0.2", "192.0.2.1", "1194", "", "", "fd00::2"});
  EXPECT_EQ(face.take_output(),
            ">STATE:1000,CONNECTED,SUCCESS,10.8.0.2,192.0.2.1,1194,,,fd00::2\r\n");
  face.state(at, {"WAIT"});
  EXPECT_EQ(face.take_output(), ">STATE:1000,WAIT,,,,,,\r\n");
  EXPECT_EQ(say("state\n"), "1000,WAIT,,,,,,\r\nEND\r\n");
}

TEST_F(ManagementInterface, AHoldIsToldToLateClientsToo) {
  face.begin_hold(3);
  face.connected();
  EXPECT_TRUE(face.take_output().ends_with("\r\n>HOLD:Waiting for hold release:3\r\n"));
  EXPECT_EQ(say("signal SIGUSR1\n"),
            "ERROR: signal 'SIGUSR1' is currently ignored\r\n>HOLD:Waiting for hold release:3\r\n");
  EXPECT_TRUE(face.held());
  EXPECT_EQ(say("hold release\n"), "SUCCESS: hold release succeeded\r\n");
  EXPECT_FALSE(face.held());
}

TEST_F(ManagementInterface, NameAndPasswordMayComeInEitherOrder) {
  greet();
  face.ask(PasswordQuestion{"Auth", true, " SC:1,Enter PIN"});
  EXPECT_EQ(face.take_output(), ">PASSWORD:Need 'Auth' username/password SC:1,Enter PIN\r\n");
  EXPECT_EQ(say("password B p\n"),
            "ERROR: password of type 'B' entered, but we need one of type 'Auth'\r\n");
  EXPECT_EQ(say("password \"Auth\" \"a \\\"b\"\n"),
            "SUCCESS: 'Auth' password entered, but not yet verified\r\n");
  EXPECT_FALSE(face.password()->answered());
  static_cast<void>(say("username Auth ann\n"));
  ASSERT_TRUE(face.password()->answered());
  EXPECT_EQ(*face.password()->name, "ann");
  EXPECT_EQ(face.password()->password->reveal(), "a \"b");
}

TEST_F(ManagementInterface, NobodyNeedsAPasswordThatWasNotAskedFor) {
  greet();
  EXPECT_EQ(say("password Auth x\n"), "ERROR: no password is currently needed at this time\r\n");
}

TEST_F(ManagementInterface, ServerCommandsNeedAServer) {
  greet();
  EXPECT_EQ(say("kill ann\n"),
            "ERROR: The 'kill' command is not supported by the current daemon mode\r\n");
  SomeServer server;
  face.set_instance(&server);
  EXPECT_EQ(say("kill ann\n"), "SUCCESS: common name 'ann' found, 2 client(s) killed\r\n");
  EXPECT_EQ(say("kill 1.2.3.4:5\n"), "SUCCESS: 1 client(s) at address 1.2.3.4:5 killed\r\n");
  EXPECT_EQ(say("kill udp:1.2.3.4:6\n"), "ERROR: client at address 1.2.3.4:6 not found\r\n");
  EXPECT_EQ(say("kill 1.2.3.4:99999\n"), "ERROR: port number is out of range: 99999\r\n");
  EXPECT_EQ(say("kill x:5\n"), "ERROR: error parsing IP address: x\r\n");
  face.set_instance(nullptr);
}

TEST_F(ManagementInterface, StatusComesWithItsOwnLineEnds) {
  SomeServer server;
  face.set_instance(&server);
  greet();
  EXPECT_EQ(say("status 3\n"), "VERSION,3\r\nEND\r\n");
  EXPECT_EQ(say("status 9\n"), "ERROR: bad status format version number\r\n");
  EXPECT_EQ(say("load-stats\n"), "SUCCESS: nclients=2,bytesin=30,bytesout=40\r\n");
}

TEST_F(ManagementInterface, BytesAreCountedOnOverInstances) {
  greet();
  EXPECT_EQ(say("load-stats\n"), "SUCCESS: nclients=0,bytesin=0,bytesout=0\r\n");
  SomeServer server;
  face.set_instance(&server);
  server.moved = {1, 31, 42};
  face.set_instance(nullptr);
  EXPECT_EQ(say("load-stats\n"), "SUCCESS: nclients=0,bytesin=31,bytesout=42\r\n");
  SomeServer next;
  next.moved = {3, 1, 2};
  face.set_instance(&next);
  EXPECT_EQ(say("load-stats\n"), "SUCCESS: nclients=3,bytesin=32,bytesout=44\r\n");
  SomeClient client;
  face.set_instance(&client);
  static_cast<void>(say("bytecount 1\n"));
  face.count_bytes(Instant{});
  EXPECT_EQ(face.take_output(), ">BYTECOUNT:39,52\r\n");
}

TEST_F(ManagementInterface, ConsentComesWithLinesOfConfiguration) {
  SomeServer server;
  face.set_instance(&server);
  greet();
  EXPECT_EQ(say("client-auth 3 1\npush \"route 10.0.0.0\"\n"), "");
  EXPECT_EQ(say("END\n"), "SUCCESS: client-auth command succeeded\r\n");
  EXPECT_EQ(server.admitted, "3/1:push \"route 10.0.0.0\"\n");
  EXPECT_EQ(say("client-auth x 1\n"), "ERROR: cannot parse CID\r\n");
  EXPECT_EQ(say("client-deny 3 1 why \"told him\"\n"),
            "SUCCESS: client-deny command succeeded\r\n");
  EXPECT_EQ(server.denied, "why|told him");
}

TEST_F(ManagementInterface, EventsBringTheirVariables) {
  greet();
  face.client_event("CONNECT,0,1", {{"username", "ann"}, {"X509_0_O", "x"}, {"IV_VER", "2"}});
  EXPECT_EQ(face.take_output(),
            ">CLIENT:CONNECT,0,1\r\n>CLIENT:ENV,username=ann\r\n>CLIENT:ENV,X509_0_O=x\r\n"
            ">CLIENT:ENV,IV_VER=2\r\n>CLIENT:ENV,END\r\n");
  face.client_event("ADDRESS,0,10.8.0.2,1", {});
  EXPECT_EQ(face.take_output(), ">CLIENT:ADDRESS,0,10.8.0.2,1\r\n");
}

// source: openvpn 2.6 manage.c, env_filter_match() and management_notify_client_needing_auth().
TEST_F(ManagementInterface, AFilterPassesWhatStockPasses) {
  greet();
  const Variables all{
      {"n_clients", "1"},   {"X509_0_O", "x"},    {"X509_0_CN", "c"}, {"IV_VER", "2"},
      {"UV_X", "y"},        {"common_name", "c"}, {"username", "a"},  {"tls_serial_hex_0", "f"},
      {"trusted_ip", "::1"}};
  const auto names = [&](const char* level, const char* event) {
    static_cast<void>(say(std::string("env-filter ") + level + "\n"));
    face.client_event(event, all);
    std::string told;
    const std::string output = face.take_output();
    for (const std::string_view line : split(output, '\n')) {
      const auto from = line.find("ENV,"), to = line.find('=');
      if (from == line.npos || to == line.npos) continue;
      told += std::string(line.substr(from + 4, to - from - 4)) + " ";
    }
    return told;
  };
  EXPECT_EQ(names("1", "CONNECT,0,2"), "X509_0_O X509_0_CN IV_VER UV_X username tls_serial_hex_0 ");
  EXPECT_EQ(names("1", "ESTABLISHED,0"), "X509_0_O X509_0_CN username tls_serial_hex_0 ");
  EXPECT_EQ(names("2", "REAUTH,0,2"), "X509_0_CN IV_VER UV_X username tls_serial_hex_0 ");
  EXPECT_EQ(names("3", "CR_RESPONSE,0,2,eA=="), "IV_VER UV_X ");
  EXPECT_EQ(names("3", "DISCONNECT,0"), "");
  face.up_down(true, {{"n_clients", "1"}});
  EXPECT_EQ(face.take_output(), ">UPDOWN:UP\r\n>UPDOWN:ENV,n_clients=1\r\n>UPDOWN:ENV,END\r\n");
}

TEST_F(ManagementInterface, NobodyElseBeginsALine) {
  greet();
  const std::string forged = "x\r\n>CLIENT:ENV,common_name=admin";
  face.client_event("CONNECT,0,1", {{"password", forged}});
  EXPECT_EQ(face.take_output(),
            ">CLIENT:CONNECT,0,1\r\n>CLIENT:ENV,password=x__>CLIENT:ENV,common_name=admin\r\n"
            ">CLIENT:ENV,END\r\n");
  face.tell(">INFOMSG:" + forged);
  face.log(at, {1, Severity::info, 0, forged});
  EXPECT_EQ(face.take_output(), ">INFOMSG:x__>CLIENT:ENV,common_name=admin\r\n");
  EXPECT_EQ(say("log all\n"), "1000,I,x__>CLIENT:ENV,common_name=admin\r\nEND\r\n");
}

TEST_F(ManagementInterface, AConsentWithALineTooLongIsNone) {
  SomeServer server;
  face.set_instance(&server);
  greet();
  EXPECT_EQ(say("client-auth 3 1\npush " + std::string(2000, 'x') + "\nEND\n"),
            "ERROR: client-auth command failed\r\n");
  EXPECT_EQ(server.admitted, "");
}

TEST_F(ManagementInterface, CountsOnlyClientsThatMovedSomething) {
  SomeServer server;
  server.counts = {{0, 10, 20}, {1, 5, 5}};
  face.set_instance(&server);
  greet();
  static_cast<void>(say("bytecount 2\n"));
  const Instant start{};
  face.count_bytes(start);
  EXPECT_EQ(face.take_output(), ">BYTECOUNT_CLI:0,10,20\r\n>BYTECOUNT_CLI:1,5,5\r\n");
  server.counts[1].bytes_in = 6;
  face.count_bytes(start + std::chrono::seconds(1));
  EXPECT_EQ(face.take_output(), "");
  face.count_bytes(start + std::chrono::seconds(2));
  EXPECT_EQ(face.take_output(), ">BYTECOUNT_CLI:1,6,5\r\n");
}

TEST_F(ManagementInterface, AClientListsItsRemotesAndAsksAboutThem) {
  SomeClient client;
  face.set_instance(&client);
  greet();
  EXPECT_EQ(say("remote-entry-get 1\n"), "1,192.0.2.1,443,tcp-client,enabled\r\nEND\r\n");
  EXPECT_EQ(say("remote ACCEPT\n"), "ERROR: remote command failed\r\n");
  face.ask(RemoteQuestion{"vpn.example", "1194", "udp"});
  EXPECT_EQ(face.take_output(), ">REMOTE:vpn.example,1194,udp\r\n");
  EXPECT_EQ(say("remote MOD 192.0.2.9 1195\n"), "SUCCESS: remote command succeeded\r\n");
  EXPECT_EQ(face.remote()->host, "192.0.2.9");
}

TEST_F(ManagementInterface, WhoDoesNotReadIsDropped) {
  greet();
  for (int round = 0; round < 3; ++round) face.take(as_bytes("test 100000\n"));
  EXPECT_TRUE(face.wants_close());
  EXPECT_EQ(face.take_output(), "");
}

// What it did not read is not kept for ever, and what it missed the next one can still ask for.
TEST_F(ManagementInterface, LogsThatPourEndWithTheClientThatDoesNotRead) {
  greet();
  static_cast<void>(say("log on\n"));
  const std::string text(200, 'x');
  std::size_t lines = 0;
  for (; lines < 1000000 && !face.wants_close(); ++lines) {
    face.log(at, {1, Severity::info, 0, text});
  }
  EXPECT_LT(lines, 1000000u);
  EXPECT_GT(lines, 10000u) << "a slow one is waited for";
  EXPECT_EQ(face.take_output(), "") << "nothing is left that takes memory";
  face.disconnected();
  greet();
  face.log(at, {1, Severity::info, 0, "one"});
  EXPECT_EQ(face.take_output(), "");
  EXPECT_EQ(say("log 1\n"), "1000,I,one\r\nEND\r\n");
}

TEST_F(ManagementInterface, PushedOptionsAreUpdated) {
  greet();
  SomeServer server;
  face.set_instance(&server);
  EXPECT_EQ(say("push-update-broad \"route 10.1.0.0, -dns\"\n"),
            "SUCCESS: push-update command succeeded\r\n");
  EXPECT_EQ(server.updated, "all:route 10.1.0.0|-dns|");
  EXPECT_EQ(say("push-update-cid 7 \"-route\"\n"), "SUCCESS: push-update command succeeded\r\n");
  EXPECT_EQ(server.updated, "7:-route|");
  server.reachable = 0;
  EXPECT_EQ(say("push-update-broad -route\n"),
            "ERROR: no client updated\r\nERROR: push-update command failed\r\n");
  EXPECT_EQ(say("push-update-cid 7 -route\n"), "ERROR: push-update command failed\r\n");
  EXPECT_EQ(say("push-update-cid x -route\n"), "ERROR: cannot parse CID\r\n");
  EXPECT_EQ(say("push-update-broad\n"),
            "ERROR: the 'push-update-broad' command requires 1 parameter\r\n");
}

TEST_F(PasswordedInterface, AsksForThePasswordFirst) {
  face.begin_hold(0);
  face.connected();
  EXPECT_EQ(face.take_output(), "ENTER PASSWORD:");
  EXPECT_EQ(say("pid\n"), "ENTER PASSWORD:");
  EXPECT_EQ(say("geheim\n"),
            "SUCCESS: password is correct\r\n>INFO:OpenVPN Management Interface Version 5 -- type "
            "'help' for more info\r\n>HOLD:Waiting for hold release:0\r\n");
}

TEST_F(PasswordedInterface, ThreeWrongOnesAreEnough) {
  face.connected();
  static_cast<void>(say("a\nb\n"));
  EXPECT_FALSE(face.wants_close());
  EXPECT_EQ(say("c\ngeheim\n"), "");
  EXPECT_TRUE(face.wants_close());
}

}  // namespace adit::management
