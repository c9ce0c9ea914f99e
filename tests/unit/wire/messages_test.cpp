#include <gtest/gtest.h>

#include "wire/control_message.h"
#include "wire/early_negotiation.h"
#include "wire/fragment.h"
#include "wire/key_method2.h"
#include "wire/options_string.h"
#include "wire/peer_info.h"
#include "wire/tcp_framing.h"

namespace adit::wire {
namespace {

std::vector<ControlMessage> decode(std::string_view text) {
  return decode_control_messages(as_bytes(text));
}

TEST(ControlMessages, are_split_at_NUL_and_lose_a_part_without_one) {
  const auto messages = decode(std::string_view("PUSH_REQUEST\0RESTART\0half", 25));
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].kind, MessageKind::push_request);
  EXPECT_EQ(messages[1].kind, MessageKind::restart);
}

TEST(ControlMessages, with_unprintable_bytes_are_dropped) {
  EXPECT_TRUE(decode(std::string_view("AUTH_FAILED,\x1b[2J\0", 17)).empty());
  const auto messages = decode(std::string_view("INFO,x\r\n\0", 9));
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].rest, "x");
}

TEST(ControlMessages, are_told_apart_by_their_longest_keyword) {
  EXPECT_EQ(parse_control_message("INFO_PRE,a").kind, MessageKind::info_pre);
  EXPECT_EQ(parse_control_message("INFO,a").kind, MessageKind::info);
  EXPECT_EQ(parse_control_message("EXIT").kind, MessageKind::exit);
  EXPECT_EQ(parse_control_message("NONSENSE").kind, MessageKind::unknown);
}

TEST(PushReply, long_lists_go_out_in_parts_that_end_with_continuation) {
  std::vector<std::string> options;
  for (int i = 0; i < 100; ++i)
    options.push_back("route 10." + std::to_string(i) + ".0.0 255.255.0.0");
  const auto messages = render_push_reply(options);
  const auto updates = render_push_update(options);
  ASSERT_EQ(updates.size(), messages.size());
  for (const std::string& update : updates) {
    EXPECT_EQ(parse_control_message(update).kind, MessageKind::push_update);
    EXPECT_LT(update.size(), push_message_limit);
  }
  ASSERT_GT(messages.size(), 1u);
  std::vector<std::string> together;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    EXPECT_LT(messages[i].size(), push_message_limit);
    const auto reply = parse_push_reply(parse_control_message(messages[i]).rest);
    EXPECT_EQ(reply.continuation, i + 1 < messages.size() ? PushReply::Continuation::more_follow
                                                          : PushReply::Continuation::last);
    together.insert(together.end(), reply.options.begin(), reply.options.end());
  }
  EXPECT_EQ(together, options);
}

TEST(PushReply, an_empty_one_is_valid) {
  EXPECT_EQ(render_push_reply({}), std::vector<std::string>{"PUSH_REPLY"});
  EXPECT_TRUE(parse_push_reply("").options.empty());
}

TEST(AuthFailed, every_form_is_understood) {
  EXPECT_EQ(parse_auth_failed("").kind, AuthFailed::Kind::refused);
  EXPECT_EQ(parse_auth_failed("go away").reason, "go away");
  EXPECT_EQ(parse_auth_failed("SESSION: token expired").kind, AuthFailed::Kind::session);
  EXPECT_EQ(parse_auth_failed("CRV1:R,E:id:dXNlcg==:PIN").kind, AuthFailed::Kind::challenge);
  const auto temporary = parse_auth_failed("TEMP[backoff 42,advance no]:busy");
  EXPECT_EQ(temporary.kind, AuthFailed::Kind::temporary);
  EXPECT_EQ(temporary.backoff, std::chrono::seconds(42));
  EXPECT_EQ(temporary.advance, AuthFailed::Advance::no);
  EXPECT_EQ(temporary.reason, "busy");
  EXPECT_EQ(parse_auth_failed("TEMP").kind, AuthFailed::Kind::temporary);
  EXPECT_EQ(parse_auth_failed("TEMP[backoff").kind, AuthFailed::Kind::temporary);
}

TEST(DynamicChallenge, tells_whom_it_asks_what) {
  const auto asked = parse_challenge("CRV1:R,E:st4te:YW5u:Token: which?");
  ASSERT_TRUE(asked);
  EXPECT_TRUE(asked->echo);
  EXPECT_EQ(asked->state, "st4te");
  EXPECT_EQ(asked->user, "ann");
  EXPECT_EQ(asked->text, "Token: which?");
  EXPECT_EQ(asked->answered("47:11"), "CRV1::st4te::47:11");
  EXPECT_FALSE(parse_challenge("CRV1:R:s:YW5u:")->echo);
}

TEST(DynamicChallenge, with_parts_missing_is_none) {
  for (const char* text :
       {"", "CRV1", "CRV1:R,E:st4te:YW5u", "CRV1:R:s:!:Token", "SCRV1:a:b:c:d"}) {
    EXPECT_FALSE(parse_challenge(text)) << text;
  }
}

TEST(PeerShutdown, flags_stand_in_brackets) {
  const auto shutdown = parse_peer_shutdown("[PN]maintenance");
  EXPECT_TRUE(shutdown.keep_credentials);
  EXPECT_TRUE(shutdown.next_remote);
  EXPECT_EQ(shutdown.text, "maintenance");
  EXPECT_FALSE(parse_peer_shutdown("[").next_remote);
  EXPECT_EQ(parse_peer_shutdown("").text, "");
}

TEST(KeyMethod2, tolerates_missing_trailing_fields_but_no_lies) {
  KeyMethod2 message;
  message.options = "V4,dev-type tun";
  message.username = "alice";
  auto bytes = *encode_key_method2(message, true);
  bytes.resize(5 + 48 + 64 + 2 + 16);  // ends after the options
  const auto shortened = decode_key_method2(bytes, true);
  ASSERT_TRUE(shortened);
  EXPECT_EQ(shortened->options, "V4,dev-type tun");
  EXPECT_EQ(shortened->username, "");
  bytes.pop_back();
  EXPECT_FALSE(decode_key_method2(bytes, true)) << "the string is longer than what is left";
  bytes[4] = 1;
  EXPECT_FALSE(decode_key_method2(bytes, true)) << "key method 1";
}

TEST(PeerInfo, keeps_the_first_of_equal_names_and_reads_numbers_strictly) {
  const auto info = PeerInfo::parse("IV_PROTO=990\nIV_PROTO=2\nnonsense\n=x\nIV_NCP=2x\n");
  EXPECT_EQ(info.proto(), 990u);
  EXPECT_TRUE(info.offers(proto_cc_exit));
  EXPECT_FALSE(info.has_ncp2());
  EXPECT_EQ(info.lines().size(), 2u);
}

TEST(PeerInfo, values_are_cleaned_before_they_are_shown) {
  EXPECT_EQ(exportable_value("UV_X", "a b$(c)`"), "a_b__c)_");
  EXPECT_FALSE(exportable_value("PATH", "x"));
  EXPECT_FALSE(exportable_value("IV_A-B", "x"));
  EXPECT_FALSE(exportable_value("UV_X", std::string(300, 'x')));
}

TEST(EarlyNegotiation, skips_unknown_types_and_refuses_broken_ones) {
  EXPECT_TRUE(decode_early_negotiation(*from_hex("7777000101000100020001"))->resend_wkc);
  EXPECT_FALSE(decode_early_negotiation({})->resend_wkc);
  EXPECT_FALSE(decode_early_negotiation(*from_hex("00010002")));
  EXPECT_FALSE(decode_early_negotiation(*from_hex("000100")));
}

TEST(OptionsString, is_what_stock_announces) {
  OptionsString string;
  EXPECT_EQ(string.text(),
            "V4,dev-type tun,link-mtu 1541,tun-mtu 1500,proto UDPv4,auth SHA1,"
            "keysize 128,key-method 2,tls-client");
  string.link_mtu = 1549;
  string.cipher = "AES-256-GCM";
  string.auth = "[null-digest]";
  string.keysize_bits = 256;
  string.keydir = 1;
  string.tls_auth = true;
  EXPECT_EQ(string.text(),
            "V4,dev-type tun,link-mtu 1549,tun-mtu 1500,proto UDPv4,keydir 1,cipher "
            "AES-256-GCM,auth [null-digest],keysize 256,tls-auth,key-method 2,tls-client");
}

TEST(OptionsString, differences_are_named_but_not_those_versions_disagree_about) {
  const auto found = compare_options_strings(
      "V4,dev-type tun,tun-mtu 1500,comp-lzo,cipher AES-256-GCM,key-method 2",
      "V4,dev-type tun,tun-mtu 1400,mtu-dynamic,cipher BF-CBC,key-method 2");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].word, "tun-mtu");
  EXPECT_EQ(found[0].kind, OptionsMismatch::Kind::differs);
  EXPECT_EQ(found[1].word, "comp-lzo");
  EXPECT_EQ(found[1].kind, OptionsMismatch::Kind::missing_there);
  EXPECT_EQ(found[2].word, "mtu-dynamic");
  EXPECT_EQ(found[2].kind, OptionsMismatch::Kind::missing_here);
  EXPECT_EQ(options_string_value("V4,cipher [null-cipher]", "cipher"), "none");
}

TEST(TcpFraming, a_length_of_zero_or_too_much_breaks_the_stream) {
  for (const char* start : {"0000", "0801"}) {
    TcpDeframer deframer(4096, 2048);
    const auto bytes = *from_hex(start);
    std::copy(bytes.begin(), bytes.end(), deframer.room().begin());
    deframer.filled(bytes.size());
    EXPECT_FALSE(deframer.next());
    EXPECT_TRUE(deframer.broken()) << start;
  }
}

TEST(Fragment, the_test_type_and_dirty_whole_packets_are_refused) {
  EXPECT_FALSE(decode_fragment_header(3));
  EXPECT_FALSE(decode_fragment_header(0x4500003c));
  EXPECT_TRUE(decode_fragment_header(0));
}

}  // namespace
}  // namespace adit::wire
