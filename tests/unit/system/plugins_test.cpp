#include "system/plugins.h"

#include <algorithm>
#include <csignal>
#include <thread>

#include "tests/sim/fakes.h"
#include "tests/unit/system/sandbox.h"
#include "tests/unit/system/scratch.h"

namespace adit::system {
namespace {

using ports::PluginCall;
using ports::PluginEvent;
using ports::PluginReply;

// Plugins of probe.c on a loop, what they are told, and what is said of them.
class PluginsTest : public testing::Test {
 protected:
  PluginSettings probe(const std::string& shape, std::vector<std::string> words = {},
                       const std::string& file = "told") {
    std::vector<std::string> all{ADIT_PROBES + shape + ".so", folder / file};
    all.insert(all.end(), words.begin(), words.end());
    return {std::move(all), "server.conf:7"};
  }

  Status load(const std::vector<PluginSettings>& settings) {
    auto loaded = Plugins::load(*loop, Log(lines), settings, patience_of_plugins);
    if (!loaded) return fail_with(loaded.error());
    plugins = std::move(*loaded);
    return plugins->open(PluginMoment::before_daemon, {{"verb", "3"}, {"COLOUR", "green"}});
  }

  // Asks, and turns the loop until there is an answer.
  PluginReply ask(PluginCall call) {
    std::optional<PluginReply> reply;
    plugins->call(std::move(call), [&](PluginReply said) { reply = std::move(said); });
    EXPECT_FALSE(reply) << "told from within";
    EXPECT_TRUE(run_until(*loop, [&] { return reply.has_value(); }));
    return reply.value_or(PluginReply{});
  }

  [[nodiscard]] std::string told(const std::string& file = "told") const {
    return text_of_file(folder / file);
  }
  [[nodiscard]] bool said(const std::string& text) const {
    return std::ranges::any_of(
        lines.lines, [&](const std::string& line) { return line.find(text) != std::string::npos; });
  }

  Folder folder;
  std::unique_ptr<Loop> loop = make_loop();
  sim::MemoryLog lines{"plugins"};
  Plugins::Patience patience_of_plugins;
  std::unique_ptr<Plugins> plugins;
};

std::string error_of(const Status& status) { return status ? "no error" : status.error().text(); }

TEST_F(PluginsTest, of_every_version_get_arguments_and_environment) {
  for (const std::string shape : {"probe1", "probe2", "probe3"}) {
    ASSERT_TRUE(load({probe(shape, {"only=0"}, shape)}));
    EXPECT_TRUE(plugins->wants(PluginEvent::up));
    EXPECT_FALSE(plugins->wants(PluginEvent::down));
    const auto reply =
        plugins->call_and_wait({PluginEvent::up, {"tun0", "1500"}, {{"dev", "tun0"}}, 0, {}, -1});
    ASSERT_EQ(reply.said.size(), 1u);
    EXPECT_EQ(reply.said[0].status, PluginReply::success);
    const std::string call =
        "call 0\narg " ADIT_PROBES + shape + ".so\narg tun0\narg 1500\n" + "env dev=tun0\n";
    EXPECT_NE(told(shape).find(call), std::string::npos) << told(shape);
    EXPECT_NE(told(shape).find("env verb=3\nenv COLOUR=green\n"), std::string::npos);
    plugins.reset();
    EXPECT_TRUE(told(shape).ends_with("call destructor\ncontext 1\nend\ncall close\nfile " +
                                      folder / shape + "\nend\n"))
        << told(shape);
  }
}

TEST_F(PluginsTest, may_call_our_functions) {
  ASSERT_TRUE(load({probe("probe3")}));
  EXPECT_NE(told().find("struct 5\nevents 65535\nssl 1\nversion 2.6.14 2 6 .14\nlist 0\n"
                        "encoded 8 SGVsbG8=\ndecoded 5 Hello\ntoo long -1\nwiped 1\n"),
            std::string::npos)
      << told();
  EXPECT_TRUE(said("PLUGIN probe: a note, 7"));
  EXPECT_TRUE(said("PLUGIN probe: a warning"));
  EXPECT_TRUE(said("PLUGIN probe: an error"));
}

TEST_F(PluginsTest, are_all_asked_in_order_and_each_says_its_own) {
  ASSERT_TRUE(load({probe("probe3", {"5=1"}, "one"), probe("probe2", {"only=1"}, "two"),
                    probe("probe1", {"5=2"}, "three")}));
  const auto reply = ask({PluginEvent::auth_user_pass_verify, {}, {}, 4, {}, -1});
  ASSERT_EQ(reply.said.size(), 2u);
  EXPECT_EQ(reply.said[0].status, PluginReply::error);
  EXPECT_EQ(reply.said[1].status, PluginReply::deferred);
  EXPECT_EQ(reply.said[1].plugin, ADIT_PROBES "probe1.so");
}

TEST_F(PluginsTest, have_a_context_for_each_client_until_it_is_gone) {
  ASSERT_TRUE(load({probe("probe3", {"only=7"})}));
  ask({PluginEvent::client_disconnect, {}, {}, 5, {}, -1});
  ask({PluginEvent::client_disconnect, {}, {}, 6, {}, -1});
  ask({PluginEvent::client_disconnect, {}, {}, 5, {}, -1});
  plugins->forget_client(5);
  plugins->forget_client(5);
  plugins->forget_client(99);
  ask({PluginEvent::client_disconnect, {}, {}, 0, {}, -1});
  std::string seen, contexts;
  for (std::istringstream words(told()); std::getline(words, seen, '\n');) {
    if (seen.starts_with("call ")) contexts += seen.substr(5) + ' ';
    if (seen.starts_with("context ")) contexts += seen.substr(8) + ' ';
  }
  EXPECT_EQ(contexts,
            "open constructor 1 constructor 2 7 2 constructor 3 7 3 7 2 destructor 2 7 1 ");
}

TEST_F(PluginsTest, hand_back_a_clients_configuration) {
  ASSERT_TRUE(load({probe("probe3", {"config=push \"route 10.1.0.0\"|iroute 10.2.0.0"}, "one"),
                    probe("probe2", {"config=disable"}, "two")}));
  const auto reply = ask({PluginEvent::client_connect_v2, {}, {}, 1, {}, -1});
  ASSERT_EQ(reply.said.size(), 2u);
  EXPECT_EQ(reply.said[0].configs,
            std::vector<std::string>{"push \"route 10.1.0.0\"\niroute 10.2.0.0"});
  EXPECT_EQ(reply.said[1].configs, std::vector<std::string>{"disable"});
}

TEST_F(PluginsTest, are_opened_when_they_want_it) {
  ASSERT_TRUE(load({probe("probe_late")}));
  EXPECT_EQ(told(), "");
  EXPECT_FALSE(plugins->wants(PluginEvent::up));
  ASSERT_TRUE(plugins->open(PluginMoment::after_daemon, {}));
  EXPECT_TRUE(plugins->wants(PluginEvent::up));
  ASSERT_TRUE(plugins->open(PluginMoment::after_user, {}));
  EXPECT_EQ(told().find("call open"), told().rfind("call open"));
}

TEST_F(PluginsTest, that_cannot_be_used_are_told_with_their_line) {
  const std::string here = " - plugin in server.conf:7";
  EXPECT_EQ(error_of(load({{{"/nope.so"}, "server.conf:7"}})),
            "PLUGIN_INIT: could not load plugin shared object /nope.so: /nope.so: cannot open "
            "shared object file: No such file or directory" +
                here);
  EXPECT_EQ(error_of(load({probe("probe_broken")})),
            "PLUGIN: could not find required symbol 'openvpn_plugin_close_v1' in plugin shared "
            "object " ADIT_PROBES "probe_broken.so: " ADIT_PROBES
            "probe_broken.so: undefined symbol: openvpn_plugin_close_v1" +
                here + ": is this a plugin for openvpn?");
  EXPECT_EQ(error_of(load({probe("probe_new")})),
            "PLUGIN_INIT: plugin needs interface version 4, but this version of OpenVPN only "
            "supports version 3: " ADIT_PROBES "probe_new.so" +
                here);
  EXPECT_TRUE(error_of(load({probe("probe3", {"open=no"})}))
                  .starts_with("PLUGIN_INIT: plugin initialization function failed: " ADIT_PROBES
                               "probe3.so" +
                               here));
  EXPECT_TRUE(error_of(load({probe("probe2", {"only=17"})}))
                  .starts_with("PLUGIN_INIT: plugin " ADIT_PROBES
                               "probe2.so expressed interest in unsupported plugin types: "
                               "[want=0x00020000, have=0x0000ffff]" +
                               here));
  const std::string text = error_of(load({{{"nope.so"}, "server.conf:7"}}));
  EXPECT_NE(text.find("a name without a path is looked for in /usr/lib/"), std::string::npos);
}

TEST_F(PluginsTest, that_have_moved_are_found_for_the_advice) {
  folder.put("openvpn-plugin-auth-pam.so", "");
  const auto loaded = PluginObject::load(
      {{"/usr/lib/openvpn/openvpn-auth-pam.so", "login"}, "server.conf:7"}, folder.path());
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().advice,
            "plugin in server.conf:7: this host has " + folder / "openvpn-plugin-auth-pam.so");
}

TEST_F(PluginsTest, may_fork_children_with_signals) {
  ASSERT_TRUE(loop->on_signal(SIGTERM, [](int) {}));
  ASSERT_TRUE(load({probe("probe3", {"fork=" + (folder / "mask")})}));
  EXPECT_EQ(told("mask"), "SigBlk:\t0000000000000000\n");
}

TEST_F(PluginsTest, may_fork_children_that_log) {
  testing::internal::CaptureStderr();
  const Status loaded = load({probe("probe3", {"fork=" + (folder / "mask")})});
  const std::string line = "PLUGIN probe: from a child\n";
  EXPECT_NE(testing::internal::GetCapturedStderr().find(line), std::string::npos);
  EXPECT_TRUE(loaded);
  EXPECT_FALSE(said("from a child"));
}

TEST_F(PluginsTest, that_never_answer_are_told_once_and_answered_for) {
  patience_of_plugins = {50ms, 200ms};
  ASSERT_TRUE(load({probe("probe3", {"hang=5"})}));
  std::size_t answers = 0, refused = 0;
  for (std::uint64_t client = 1; client <= 3; ++client) {
    const PluginEvent event =
        client == 2 ? PluginEvent::client_disconnect : PluginEvent::auth_user_pass_verify;
    plugins->call({event, {}, {}, client, {}, -1}, [&](const PluginReply& reply) {
      ++answers;
      refused += reply.said.at(0).status == PluginReply::never_answered ? 1 : 0;
    });
  }
  ASSERT_TRUE(run_until(
      *loop, [&] { return answers == 3; }, 3s));
  EXPECT_EQ(refused, 3u);
  std::this_thread::sleep_for(20ms);  // the call began a moment after it was asked for
  const auto start = monotonic_now();
  EXPECT_EQ(plugins->call_and_wait({PluginEvent::down, {}, {}, 0, {}, -1}).said.at(0).status,
            PluginReply::never_answered);
  plugins.reset();
  EXPECT_LT(monotonic_now() - start, 100ms);
  EXPECT_TRUE(
      said("probe3.so (PLUGIN_AUTH_USER_PASS_VERIFY) has not returned for 0 s: others wait"));
  EXPECT_TRUE(said("has not returned for 0 s: whoever waits for a plugin is refused"));
  EXPECT_EQ(told().find("call 7"), std::string::npos) << "what nobody waits for is not asked later";
}

TEST_F(PluginsTest, who_waits_for_one_is_called_meanwhile) {
  patience_of_plugins = {1s, 200ms};
  ASSERT_TRUE(load({probe("probe3", {"hang=0"})}));
  int calls = 0;
  plugins->while_waiting(10ms, [&] { ++calls; });
  EXPECT_EQ(plugins->call_and_wait({PluginEvent::up, {}, {}, 0, {}, -1}).said.at(0).status,
            PluginReply::never_answered);
  EXPECT_GE(calls, 3);
}

TEST_F(PluginsTest, hear_that_the_process_ends_in_disorder) {
  ASSERT_TRUE(load({probe("probe3")}));
  plugins->abort();
  plugins.reset();
  EXPECT_TRUE(told().ends_with("call abort\nend\n")) << told();
}

}  // namespace
}  // namespace adit::system
