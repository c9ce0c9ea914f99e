// JSON: all that it knows, and what a running instance tells.

#include "node/instance_facts.h"
#include "options/reload_report.h"
#include "tests/fuzz/seeds/corpus.h"

namespace adit::fuzz {

void add_json_inputs(Corpus& corpus) {
  for (const char* text : {R"({"b":[1,-2,3.5e-7,true,false,null],"a":{"a":{}},"b":[]})",
                           R"("\u00f6 \ud83d\udd11 \" \\ \/ \b\f\n\r\t")",
                           "[18446744073709551615,-9223372036854775808,18446744073709551616]"}) {
    corpus.add("json", std::string_view(text));
  }
  corpus.add("json", std::string(Json::deepest, '[') + std::string(Json::deepest, ']'));
  node::InstanceFacts facts;
  facts.lanes.emplace_back();
  facts.peers.emplace_back();
  facts.dates.emplace_back();
  facts.log.emplace_back("line");
  corpus.add("json", node::render_facts_json(facts));
  options::ReloadReport report;
  report.changes.emplace_back();
  corpus.add("json", options::render_json(report));
  corpus.add_words("json", {"true", "false", "null", "\\u", "\\ud800", "\"drops\":", "\"peers\":",
                            "\"lanes\":", "\"changes\":", "1e308", "-0"});
}

}  // namespace adit::fuzz
