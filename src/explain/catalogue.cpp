#include "explain/catalogue.h"

#include <array>

namespace adit::explain {

std::span<const std::vector<Entry>* const> pages() {
  static const std::array<const std::vector<Entry>*, 7> all{
      &start_page(), &control_page(), &certificates_page(), &login_page(),
      &data_page(),  &network_page(), &life_page()};
  return all;
}

}  // namespace adit::explain
