// Packet filters as they were listed on hosts.

#include <fstream>
#include <iterator>

#include "base/assert.h"
#include "tests/fuzz/seeds/corpus.h"

namespace adit::fuzz {

void add_filter_inputs(Corpus& corpus) {
  for (const char* name : {"docker-nft.json", "docker-nft.save4", "legacy.legacy4", "plain.json",
                           "plain.nft", "ufw.save4", "ufw.ufw-added", "ufw.ufw-status"}) {
    std::ifstream file(std::string(ADIT_SOURCE_DIR) + "/tests/data/firewall/saved/" + name);
    ADIT_ASSERT(file.good());
    corpus.add("packet_filters", std::string(std::istreambuf_iterator<char>(file), {}));
  }
}

}  // namespace adit::fuzz
