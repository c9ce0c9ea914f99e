#pragma once

namespace adit {

// The deleter of a std::unique_ptr for what a C library gives away: Freer<X509_free>.
template <auto free_function>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    free_function(object);
  }
};

}  // namespace adit
