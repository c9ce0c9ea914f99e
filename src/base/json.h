#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace adit {

// It is no JSON, or not what the reader asked for: a member that is missing, a value of another
// type. The function that began to read catches it and makes an Error of it.
class JsonError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A value of JSON. Members of an object stay in the order in which they came.
class Json {
 public:
  struct Member;

  // Deeper ones are refused, since values are copied, written and freed by recursion.
  static constexpr std::size_t deepest = 256;
  [[nodiscard]] static Json parse(std::string_view text);
  // indent: columns for each level; none of them: all on one line.
  // Bytes that are no UTF-8 become U+FFFD.
  [[nodiscard]] std::string dump(int indent = -1) const;
  // On one line; letters beyond ASCII become \u....
  [[nodiscard]] std::string dump_ascii() const;

  Json();  // null
  Json(std::nullptr_t);
  Json(bool value);
  Json(int value);
  Json(unsigned value);
  Json(long value);
  Json(unsigned long value);
  Json(long long value);
  Json(unsigned long long value);
  Json(double value);
  Json(const char* text);
  Json(std::string_view text);
  Json(std::string text);
  Json(std::initializer_list<Member> members);  // {{"a", 1}, {"b", {{"c", true}}}}
  template <typename T>
  Json(const std::vector<T>& items) : Json(array()) {
    for (const T& item : items) push_back(item);
  }
  [[nodiscard]] static Json array(std::initializer_list<Json> items = {});
  [[nodiscard]] static Json object();

  Json(const Json& other);
  Json(Json&& other) noexcept;
  Json& operator=(const Json& other);
  Json& operator=(Json&& other) noexcept;
  ~Json();

  [[nodiscard]] bool is_null() const;
  [[nodiscard]] bool is_boolean() const;
  [[nodiscard]] bool is_number_integer() const;
  [[nodiscard]] bool is_string() const;
  [[nodiscard]] bool is_array() const;
  [[nodiscard]] bool is_object() const;

  // bool, double, std::string, integers, Json itself, and vectors of them. Numbers become each
  // other: a fraction is cut off, and so are bits that an integer has no room for.
  template <typename T>
  [[nodiscard]] T get() const {
    T value{};
    read(value);
    return value;
  }

  // ---- of an object ----
  // Null: it has no such member, or is no object.
  [[nodiscard]] const Json* find(std::string_view key) const;
  [[nodiscard]] bool contains(std::string_view key) const { return find(key) != nullptr; }
  [[nodiscard]] const Json& at(std::string_view key) const;
  const Json& operator[](std::string_view key) const { return at(key); }
  // What is not there is made. Null becomes an object.
  Json& operator[](std::string_view key);
  template <typename T>
  [[nodiscard]] T value(std::string_view key, T otherwise) const {
    const Json* found = member(key);
    return found == nullptr ? otherwise : found->get<T>();
  }
  // In the order of the elements.
  [[nodiscard]] const std::vector<std::string>& keys() const;

  // ---- of an array ----
  [[nodiscard]] const Json& at(std::size_t place) const;
  const Json& operator[](std::size_t place) const { return at(place); }
  void push_back(Json item);  // null becomes an array

  // The items of an array or the values of an object; null has none, anything else is its own one.
  [[nodiscard]] const Json* begin() const;
  [[nodiscard]] const Json* end() const;
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool empty() const { return begin() == end(); }

  friend bool operator==(const Json& a, const Json& b);
  friend std::ostream& operator<<(std::ostream& out, const Json& json);

 private:
  using Array = std::vector<Json>;
  struct Object {
    std::vector<std::string> keys;
    std::vector<Json> values;

    bool operator==(const Object& other) const = default;
  };
  enum class Booleans : bool { refused, are_numbers };

  [[nodiscard]] const Json* member(std::string_view key) const;
  [[nodiscard]] const Array& items() const;
  [[nodiscard]] std::uint64_t integer(Booleans booleans) const;
  [[nodiscard]] JsonError is_no(const char* wanted) const;
  template <typename Other>
  [[nodiscard]] Other converted() const;

  void read(Json& value) const { value = *this; }
  void read(bool& value) const;
  void read(double& value) const;
  void read(std::string& value) const;
  template <typename T>
  void read(std::vector<T>& values) const {
    for (const Json& item : items()) values.push_back(item.get<T>());
  }
  template <typename T>
  std::enable_if_t<std::is_integral_v<T>> read(T& value) const {
    constexpr bool whole = sizeof(T) == sizeof(std::uint64_t);
    value = static_cast<T>(integer(whole ? Booleans::refused : Booleans::are_numbers));
  }

  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, Array,
               Object>
      value_;
};

struct Json::Member {
  std::string key;
  Json value;
};

}  // namespace adit
