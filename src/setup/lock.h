#pragma once

#include <functional>
#include <string>

#include "system/fd.h"

namespace adit::setup {

// Waits until nobody else holds the file, which is made where there is none; held until the
// descriptor is closed. Only who may write it can open it, so that no other user can hold it.
//
// waits   told who holds it, when that is not over at once: "another adit command (pid 123)"
// returns closed: the file cannot be made
[[nodiscard]] system::Fd hold_lock(const std::string& path,
                                   const std::function<void(const std::string& holder)>& waits);

}  // namespace adit::setup
