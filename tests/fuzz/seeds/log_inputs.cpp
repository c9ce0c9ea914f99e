// Logs, made of the lines that are known.

#include "explain/catalogue.h"
#include "tests/fuzz/seeds/corpus.h"

namespace adit::fuzz {

void add_log_inputs(Corpus& corpus) {
  for (const std::vector<explain::Entry>* page : explain::pages()) {
    std::string log(1, 'P');
    for (const explain::Entry& entry : *page) {
      log += "2026-11-22 10:00:00 client1/192.0.2.1:1194 ";
      log += entry.patterns.front();
      log += '\n';
    }
    corpus.add("explain_log", to_buffer(as_bytes(log)));
  }
}

}  // namespace adit::fuzz
