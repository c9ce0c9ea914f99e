#pragma once

// The two ways into our tree. Include from .cpp files of this room only.

#include "pki/disk.h"
#include "pki/import.h"
#include "pki/source.h"

namespace adit::pki {

// Each fills a tree that has its folders and nothing else; the folder is only read.
[[nodiscard]] Status import_flat(Disk& disk, const std::string& folder, Imported& report);
[[nodiscard]] Status import_tree(Disk& disk, const std::string& folder, Imported& report);

}  // namespace adit::pki
