// index.txt of a certificate authority, also one that other tools wrote: what parses, renders to a
// text that parses to the same rows; names, which become file names; and the renewed certificates
// that stand beside the index.

#include "pki/index.h"
#include "pki/name.h"
#include "pki/overlap.h"
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

void try_overlaps(std::string_view text) {
  const auto overlaps = pki::parse_overlaps(text, "overlap.txt");
  if (!overlaps) {
    ADIT_ASSERT(!pki::first_overlap_end(text));
    return;
  }
  const std::string rendered = pki::render_overlaps(*overlaps);
  const auto again = pki::parse_overlaps(rendered, "overlap.txt");
  ADIT_ASSERT(again && again->size() == overlaps->size());
  ADIT_ASSERT(pki::render_overlaps(*again) == rendered);
  for (const pki::Overlap& overlap : *overlaps) {
    ADIT_ASSERT(pki::find_overlap(*overlaps, overlap.before) != nullptr);
  }
  if (overlaps->empty()) return;
  const auto before = pki::predecessors(*overlaps, overlaps->back().after);
  ADIT_ASSERT(!before.empty() && before.size() <= overlaps->size());
}

}  // namespace

void try_input(Bytes input) {
  const std::string_view text = as_text(input);
  try_name(text);
  try_overlaps(text);
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
