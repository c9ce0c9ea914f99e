// Where certificates go that are no longer in force.

#include <array>

#include "pki/layout.h"
#include "pki/ledger.h"

namespace adit::pki {

namespace {

struct Move {
  std::string from;
  std::string to;
};

const char* folder_of(Shelf shelf) { return shelf == Shelf::revoked ? "revoked" : "expired"; }

std::array<std::string, 3> folders_of(Shelf shelf) {
  const char* top = folder_of(shelf);
  return {fmt::format("{}/certs_by_serial", top), fmt::format("{}/private_by_serial", top),
          fmt::format("{}/reqs_by_serial", top)};
}

// source: easy-rsa 3.1, which also keeps bundles it exported beside key and certificate
std::vector<Move> moves_of(const Name& name, const std::string& serial, Shelf shelf) {
  const auto [certificates, keys, requests] = folders_of(shelf);
  std::vector<Move> moves{
      {layout::key_of(name), fmt::format("{}/{}.key", keys, serial)},
      {layout::request_of(name), fmt::format("{}/{}.req", requests, serial)},
  };
  for (const char* ending : {"p12", "p8", "p1"}) {
    moves.push_back({fmt::format("private/{}.{}", name.text(), ending),
                     fmt::format("{}/{}.{}", keys, serial, ending)});
  }
  moves.push_back(
      {fmt::format("issued/{}.p7b", name.text()), fmt::format("{}/{}.p7b", certificates, serial)});
  return moves;
}

Status make_shelf(Disk& disk, Shelf shelf) {
  if (auto done = disk.make_folder(folder_of(shelf)); !done) return done;
  for (const std::string& folder : folders_of(shelf)) {
    if (auto done = disk.make_folder(folder); !done) return done;
  }
  return {};
}

Status move_name(Disk& disk, const Name& name, const std::string& serial, Shelf shelf) {
  for (const Move& move : moves_of(name, serial, shelf)) {
    if (auto done = disk.move(move.from, move.to); !done) return done;
  }
  return disk.remove(layout::tls_crypt_v2_of(name));
}

}  // namespace

Status set_aside(Ledger& ledger, const Name& name, const std::string& serial, Shelf shelf) {
  Disk& disk = ledger.disk;
  const std::string kept = layout::shelved_certificate(folder_of(shelf), serial);
  const std::string copy = layout::certificate_by_serial(serial);
  if (auto done = make_shelf(disk, shelf); !done) return done;
  if (issued_serial(disk, name) != serial) {
    // A renewed certificate stands under the name; its files are not ours to move.
    return shelf == Shelf::revoked ? disk.move(copy, kept) : Status{};
  }
  if (auto done = move_name(disk, name, serial, shelf); !done) return done;
  if (shelf == Shelf::revoked) {
    if (auto done = disk.remove(copy); !done) return done;
  }
  return disk.move(layout::certificate_of(name), kept);
}

}  // namespace adit::pki
