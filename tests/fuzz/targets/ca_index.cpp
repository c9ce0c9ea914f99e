// index.txt of a certificate authority, also one that other tools wrote: what parses, renders to a
// text that parses to the same rows; and names, which become file names.

#include "pki/index.h"
#include "pki/name.h"
#include "tests/fuzz/input.h"

namespace adit::fuzz {

namespace {

void try_name(std::string_view text) {
  const auto name = pki::Name::existing(text);
  ADIT_ASSERT(name || !pki::Name::parse(text));
  if (!name) return;
  ADIT_ASSERT(name->text() == text && !text.empty() && text != "." && text != "..");
  ADIT_ASSERT(text.find_first_of(std::string_view("/\0", 2)) == text.npos);
}

}  // namespace

void try_input(Bytes input) {
  const std::string_view text = as_text(input);
  try_name(text);
  const auto index = pki::Index::parse(text, "index.txt");
  if (!index) {
    ADIT_ASSERT(!index.error().text().empty());
    return;
  }
  const std::string rendered = index->render();
  const auto again = pki::Index::parse(rendered, "index.txt");
  ADIT_ASSERT(again && again->rows().size() == index->rows().size());
  if (text.find('\r') == text.npos) ADIT_ASSERT(again->render() == rendered);
  for (const pki::Row& row : index->rows()) {
    ADIT_ASSERT(index->find(row.serial) != nullptr);
    ADIT_ASSERT(!index->named(row.common_name()).empty());
    try_name(row.common_name());
  }
}

}  // namespace adit::fuzz
