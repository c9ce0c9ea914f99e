// Dialogues of the management interface.

#include "tests/fuzz/seeds/corpus.h"

namespace adit::fuzz {

namespace {

// As the target reads it: who is there, then pieces of what it says.
void add_dialogue(Corpus& corpus, bool password, bool server, const std::string& text) {
  constexpr std::uint8_t piece = 15, asks_for_signature = 4;
  Buffer input{static_cast<std::uint8_t>(password), static_cast<std::uint8_t>(server), 1};
  for (std::uint8_t event = 0; event < 4; ++event) input.push_back(event);
  input.push_back(asks_for_signature);
  input.push_back(piece);
  input.push_back(static_cast<std::uint8_t>(text.size()));
  input.insert(input.end(), text.begin(), text.end());
  corpus.add("management", input);
}

}  // namespace

void add_management_inputs(Corpus& corpus) {
  add_dialogue(corpus, true, true, "pass\r\npid\nversion 3\nlog on all\nstate\nhold release\n");
  add_dialogue(corpus, false, true, "client-auth 0 1\npush \"route 1\"\nEND\nkill 1.2.3.4:5\n");
  add_dialogue(corpus, false, true, "client-deny 0 1 \"a b\" c\nclient-pending-auth 0 1 a 5\n");
  add_dialogue(corpus, false, false, "username Auth \"a\\\"\"\npassword Auth b\nremote MOD a 1\n");
  add_dialogue(corpus, false, false,
               "remote-entry-get 0 5\nverb 11\nmute 3\nbytecount 1\ntest 3\n");
  add_dialogue(corpus, false, false, "version 3\npk-sig\nQUJD\nEND\npkcs11-id-get 0\n");
  corpus.add_words(
      "management",
      {"help",    "quit",        "status",        "load-stats",         "nclients",    "echo",
       "signal",  "SIGUSR1",     "auth-retry",    "forget-passwords",   "net",         "needok",
       "needstr", "env-filter",  "client-kill",   "client-auth-nt",     "cr-response", "proxy",
       "pk-sig",  "certificate", "pkcs11-id-get", "remote-entry-count", "all",         "on"});
}

}  // namespace adit::fuzz
