// Signatures, certificates, tokens and proxies that a manager is asked for.

#include <gtest/gtest.h>

#include "management/interface.h"

namespace adit::management {

namespace {

class Silent final : public Process {
 public:
  [[nodiscard]] int pid() const override { return 42; }
  void log(Severity severity, std::string_view text) override {
    if (severity == Severity::warning) warnings.emplace_back(text);
  }
  [[nodiscard]] int verbosity() const override { return 3; }
  void set_verbosity(int) override {}
  [[nodiscard]] unsigned mute() const override { return 0; }
  void set_mute(unsigned) override {}
  void signal(std::string_view) override {}
  [[nodiscard]] std::string auth_retry() const override { return "none"; }
  bool set_auth_retry(std::string_view) override { return false; }
  void forget_passwords() override {}
  [[nodiscard]] std::vector<TokenEntry> token_entries() override { return {{"a/b/01", "QUJD"}}; }

  std::vector<std::string> warnings;
};

class OneInstance final : public Instance {
 public:
  explicit OneInstance(bool server) : server_(server) {}
  [[nodiscard]] std::string status(int) const override { return "END\n"; }
  [[nodiscard]] Load load() const override { return {}; }
  [[nodiscard]] bool is_server() const override { return server_; }
  bool client_kill(std::uint64_t, std::string_view) override {
    ++killed;
    return true;
  }
  bool client_auth(std::uint64_t, std::uint64_t, const std::string&) override {
    ++admitted;
    return true;
  }

  int killed = 0, admitted = 0;

 private:
  bool server_;
};

class ManagedKeys : public ::testing::Test {
 protected:
  ManagedKeys() : face({"a title"}, process) { greet(); }

  void greet() {
    face.connected();
    static_cast<void>(face.take_output());
  }
  std::string say(const std::string& text) {
    face.take(as_bytes(text));
    return face.take_output();
  }
  std::string ask(const std::string& data = "QUJD") {
    face.ask(TextQuestion{TextQuestion::Kind::signature, data, "ECDSA"});
    return face.take_output();
  }

  Silent process;
  Interface face;
};

}  // namespace

TEST_F(ManagedKeys, TheFormOfARequestGoesByTheVersionOfTheManager) {
  EXPECT_EQ(ask(), ">RSA_SIGN:QUJD\r\n");
  EXPECT_EQ(say("version 2\n"), "");
  EXPECT_EQ(ask(), ">PK_SIGN:QUJD\r\n");
  EXPECT_EQ(say("version 3\n"), "");
  EXPECT_EQ(ask(), ">PK_SIGN:QUJD,ECDSA\r\n");
  face.disconnected();
  face.connected();
  EXPECT_NE(face.take_output().find(">PK_SIGN:QUJD,ECDSA\r\n"), std::string::npos);
}

TEST_F(ManagedKeys, ASignatureIsAskedForWhileAPasswordIsStillThoughtAbout) {
  face.ask(PasswordQuestion{"Auth"});
  EXPECT_EQ(face.take_output(), ">PASSWORD:Need 'Auth' username/password\r\n");
  EXPECT_EQ(ask(), ">RSA_SIGN:QUJD\r\n");
  face.disconnected();
  face.connected();
  EXPECT_TRUE(face.take_output().ends_with(
      "\r\n>PASSWORD:Need 'Auth' username/password\r\n>RSA_SIGN:QUJD\r\n"));
}

TEST_F(ManagedKeys, ATokensNameBeginsNoLineOfItsOwn) {
  face.ask(PasswordQuestion{"my\n>FATAL:x token", false});
  EXPECT_EQ(face.take_output(), ">PASSWORD:Need 'my_>FATAL:x token' password\r\n");
}

TEST_F(ManagedKeys, ASignatureComesInLines) {
  EXPECT_EQ(say("pk-sig\n"), "ERROR: The pk-sig command is not currently available\r\n");
  static_cast<void>(say("version 3\n"));
  static_cast<void>(ask());
  EXPECT_EQ(say("pk-sig\nQUJD\nREVG\n"), "");
  EXPECT_EQ(say("END\n"), "SUCCESS: pk-sign command succeeded\r\n");
  EXPECT_EQ(face.text()->text, "QUJD\nREVG\n");
  EXPECT_EQ(say("pk-sig\n"), "ERROR: The pk-sig command is not currently available\r\n");
}

TEST_F(ManagedKeys, ACertificateIsNoSignature) {
  face.ask(TextQuestion{TextQuestion::Kind::certificate, "a hint"});
  EXPECT_EQ(face.take_output(), ">NEED-CERTIFICATE:a hint\r\n");
  EXPECT_EQ(say("rsa-sig\n"), "ERROR: The rsa-sig command is not currently available\r\n");
  EXPECT_EQ(say("certificate\npem\nEND\n"), "SUCCESS: certificate command succeeded\r\n");
  EXPECT_EQ(face.text()->text, "pem\n");
}

TEST_F(ManagedKeys, AnEndlessSignatureIsCutOff) {
  static_cast<void>(ask());
  static_cast<void>(say("pk-sig\n"));
  for (int line = 0; line < 200; ++line) {
    EXPECT_EQ(say(std::string(1000, 'x') + "\n"), "");
  }
  EXPECT_EQ(say("END\n"), "ERROR: rsa-sign command failed\r\n");
  EXPECT_EQ(face.text()->text, "");
}

TEST_F(ManagedKeys, WhatComesTooLateIsRefused) {
  static_cast<void>(ask());
  static_cast<void>(say("pk-sig\nQUJD\n"));
  face.end_text();
  EXPECT_EQ(say("END\n"), "ERROR: The pk-sig command is not currently available\r\n");
  EXPECT_FALSE(face.text());
}

TEST_F(ManagedKeys, WhatWouldChangeTheInstanceWaitsWhileThatWaits) {
  OneInstance server(true);
  face.set_instance(&server);
  static_cast<void>(ask());
  face.set_instance_waits(true);
  EXPECT_EQ(say("client-kill 1\nclient-auth 1 2\nEND\nclient-kill 2\n"), "");
  EXPECT_EQ(say("pid\n"), "SUCCESS: pid=42\r\n");
  EXPECT_EQ(say("rsa-sig\nQUJD\nEND\n"), "SUCCESS: rsa-sign command succeeded\r\n");
  face.set_instance_waits(false);
  EXPECT_EQ(server.killed + server.admitted, 0);
  EXPECT_TRUE(face.has_late());
  face.run_late();
  EXPECT_EQ(face.take_output(),
            "SUCCESS: client-kill command succeeded\r\nSUCCESS: client-auth command succeeded\r\n"
            "SUCCESS: client-kill command succeeded\r\n");
  EXPECT_EQ(server.killed, 2);
  EXPECT_EQ(server.admitted, 1);
  EXPECT_FALSE(face.has_late());
}

TEST_F(ManagedKeys, WhatAnInstanceWasToldThatIsGoneIsNotDoneToTheNext) {
  OneInstance server(true), next(true);
  for (Instance* successor : {static_cast<Instance*>(&next), static_cast<Instance*>(nullptr)}) {
    face.set_instance(&server);
    face.set_instance_waits(true);
    EXPECT_EQ(say("client-auth 1 2\nEND\nclient-kill 2\n"), "");
    face.set_instance_waits(false);
    face.set_instance(successor);
    face.run_late();
    EXPECT_EQ(face.take_output(),
              "ERROR: client-auth command failed\r\nERROR: client-kill command failed\r\n");
    EXPECT_EQ(server.killed + server.admitted + next.killed + next.admitted, 0);
  }
}

TEST_F(ManagedKeys, NoMoreOrdersWaitThanAFew) {
  OneInstance server(true);
  face.set_instance(&server);
  face.set_instance_waits(true);
  std::string orders;
  for (int order = 0; order < 2000; ++order) orders += "client-kill 1\n";
  EXPECT_TRUE(say(orders).starts_with("ERROR: client-kill command failed\r\n"));
  face.run_late();
  EXPECT_LT(server.killed, 2000);
  EXPECT_GT(server.killed, 0);
}

TEST_F(ManagedKeys, AnInsertionIsConfirmed) {
  EXPECT_EQ(say("needok a ok\n"),
            "ERROR: no needok-confirmation is currently needed at this time\r\n");
  face.ask(NeedQuestion{NeedQuestion::Kind::confirmation, "token-insertion-request", "Please"});
  EXPECT_EQ(face.take_output(),
            ">NEED-OK:Need 'token-insertion-request' confirmation MSG:Please\r\n");
  EXPECT_EQ(say("needstr token-insertion-request x\n"),
            "ERROR: no needstr-string is currently needed at this time\r\n");
  EXPECT_EQ(say("needok other ok\n"),
            "ERROR: needok-confirmation of type 'other' entered, but we need one of type "
            "'token-insertion-request'\r\n");
  EXPECT_FALSE(face.need()->answer);
  EXPECT_EQ(say("needok token-insertion-request ok\n"),
            "SUCCESS: 'token-insertion-request' needok-confirmation entered, but not yet "
            "verified\r\n");
  EXPECT_EQ(face.need()->answer, "ok");
}

TEST_F(ManagedKeys, ATextIsTakenAsItIs) {
  face.ask(NeedQuestion{NeedQuestion::Kind::text, "pkcs11-id-request", "Which"});
  EXPECT_EQ(face.take_output(), ">NEED-STR:Need 'pkcs11-id-request' string MSG:Which\r\n");
  EXPECT_EQ(say("needstr pkcs11-id-request 'a\\x20b'\n"),
            "SUCCESS: 'pkcs11-id-request' needstr-string entered, but not yet verified\r\n");
  EXPECT_EQ(face.need()->answer, "a\\x20b");
}

TEST_F(ManagedKeys, TokensAreListed) {
  EXPECT_EQ(say("pkcs11-id-count\n"), ">PKCS11ID-COUNT:1\r\n");
  EXPECT_EQ(say("pkcs11-id-get 0\n"), ">PKCS11ID-ENTRY:'0', ID:'a/b/01', BLOB:'QUJD'\r\n");
  EXPECT_EQ(say("pkcs11-id-get 1\n"), ">PKCS11ID-ENTRY:'1'\r\n");
  EXPECT_EQ(say("pkcs11-id-get -1\n"), ">PKCS11ID-ENTRY:'-1'\r\n");
}

TEST_F(ManagedKeys, AProxyIsNamed) {
  OneInstance client(false);
  face.set_instance(&client);
  EXPECT_EQ(say("proxy NONE\n"), "ERROR: proxy command failed\r\n") << "nobody asked";
  const auto ask = [this](bool tcp) {
    face.ask(ProxyQuestion{2, tcp, "vpn.example"});
    return face.take_output();
  };
  EXPECT_EQ(ask(true), ">PROXY:2,TCP,vpn.example\r\n");
  EXPECT_EQ(say("proxy HTTP 192.0.2.1 8080 nct\n"), "SUCCESS: proxy command succeeded\r\n");
  EXPECT_EQ(face.proxy()->kind, ProxyQuestion::Kind::http);
  EXPECT_EQ(face.proxy()->proxy_host + " " + face.proxy()->proxy_port, "192.0.2.1 8080");
  EXPECT_FALSE(face.proxy()->clear_passwords);
  EXPECT_EQ(say("proxy NONE\n"), "ERROR: proxy command failed\r\n") << "it has been answered";
  EXPECT_EQ(ask(false), ">PROXY:2,UDP,vpn.example\r\n");
  EXPECT_EQ(say("proxy SOCKS 192.0.2.1 1080\n"), "SUCCESS: proxy command succeeded\r\n");
  EXPECT_EQ(face.proxy()->kind, ProxyQuestion::Kind::socks);
}

TEST_F(ManagedKeys, AProxyThatCannotBeUsedIsRefused) {
  OneInstance client(false);
  face.set_instance(&client);
  face.ask(ProxyQuestion{1, false, "vpn.example"});
  static_cast<void>(face.take_output());
  EXPECT_EQ(say("proxy HTTP 192.0.2.1 8080\n"), "ERROR: proxy command failed\r\n");
  EXPECT_FALSE(face.proxy()->answered) << "something else may still be said";
  EXPECT_EQ(say("proxy SOCKS 192.0.2.1\n"), "ERROR: proxy command failed\r\n");
  EXPECT_TRUE(face.proxy()->answered);
  EXPECT_EQ(face.proxy()->kind, ProxyQuestion::Kind::none);
  EXPECT_EQ(process.warnings.size(), 2U);
}

}  // namespace adit::management
