#include "base/json.h"

#include <ostream>
#include <type_traits>
#include <utility>

#include <nlohmann/json.hpp>

namespace adit {

namespace {

using Foreign = nlohmann::ordered_json;

// Puts together what the parser meets, innermost last. nlohmann names the functions.
class JsonBuilder {
 public:
  bool null() { return put(nullptr); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(std::int64_t value) { return put(value); }
  bool number_unsigned(std::uint64_t value) { return put(value); }
  bool number_float(double value, const std::string&) { return put(value); }
  bool string(std::string& text) { return put(std::move(text)); }
  bool binary(Foreign::binary_t&) { return false; }
  bool start_object(std::size_t) { return open(Json::object()); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& name) {
    open_.back().key = std::move(name);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const std::exception& error) {
    error_ = error.what();
    return false;
  }

  Json take() { return std::move(whole_); }
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  bool put(Json value) {
    if (open_.empty()) {
      whole_ = std::move(value);
    } else if (Json::Member& parent = open_.back(); parent.value.is_array()) {
      parent.value.push_back(std::move(value));
    } else {
      parent.value[parent.key] = std::move(value);
    }
    return true;
  }
  bool open(Json empty) {
    if (open_.size() == Json::deepest) {
      error_ = "it is nested more than " + std::to_string(Json::deepest) + " levels deep";
      return false;
    }
    open_.push_back({{}, std::move(empty)});
    return true;
  }
  bool close() {
    Json done = std::move(open_.back().value);
    open_.pop_back();
    return put(std::move(done));
  }

  std::vector<Json::Member> open_;  // each with the key of the member that comes next
  Json whole_;
  std::string error_;
};

constexpr double two_to_63 = 9223372036854775808.0;

// A fraction is cut off; what is negative becomes the same bits.
std::uint64_t integer_of(double real) {
  if (real >= -two_to_63 && real < two_to_63) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(real));
  }
  if (real > 0 && real < 2 * two_to_63) return static_cast<std::uint64_t>(real);
  throw JsonError("a number is too large");
}

// What both can hold as one type, so that 1, 1u and 1.0 are the same.
template <typename A, typename B>
bool same_number(A a, B b) {
  if constexpr (std::is_integral_v<A> && std::is_integral_v<B>) {
    return std::cmp_equal(a, b);
  } else {
    return static_cast<double>(a) == static_cast<double>(b);
  }
}

template <typename T>
constexpr bool is_numeric = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;

}  // namespace

Json Json::parse(std::string_view text) {
  JsonBuilder builder;
  if (!Foreign::sax_parse(text, &builder)) throw JsonError(builder.error());
  return builder.take();
}

template <typename Other>
Other Json::converted() const {
  const auto convert = [](const auto& value) -> Other {
    using Held = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<Held, std::monostate>) {
      return nullptr;
    } else if constexpr (std::is_same_v<Held, Array>) {
      Other items = Other::array();
      for (const Json& item : value) items.push_back(item.converted<Other>());
      return items;
    } else if constexpr (std::is_same_v<Held, Object>) {
      typename Other::object_t members;
      for (std::size_t i = 0; i < value.keys.size(); ++i) {
        const Json& member = value.values[i];
        members.emplace_back(value.keys[i], member.converted<Other>());
      }
      return members;
    } else {
      return value;
    }
  };
  return std::visit(convert, value_);
}

std::string Json::dump(int indent) const {
  return converted<Foreign>().dump(indent, ' ', false, Foreign::error_handler_t::replace);
}

std::string Json::dump_ascii() const {
  return converted<Foreign>().dump(-1, ' ', true, Foreign::error_handler_t::replace);
}

Json::Json() = default;
Json::Json(std::nullptr_t) {}
Json::Json(bool value) : value_(value) {}
Json::Json(int value) : value_(std::int64_t{value}) {}
Json::Json(unsigned value) : value_(std::uint64_t{value}) {}
Json::Json(long value) : value_(std::int64_t{value}) {}
Json::Json(unsigned long value) : value_(std::uint64_t{value}) {}
Json::Json(long long value) : value_(std::int64_t{value}) {}
Json::Json(unsigned long long value) : value_(std::uint64_t{value}) {}
Json::Json(double value) : value_(value) {}
Json::Json(const char* text) : value_(std::string(text)) {}
Json::Json(std::string_view text) : value_(std::string(text)) {}
Json::Json(std::string text) : value_(std::move(text)) {}

Json::Json(std::initializer_list<Member> members) : Json(object()) {
  for (const Member& member : members) (*this)[member.key] = member.value;
}

Json Json::array(std::initializer_list<Json> items) {
  Json made;
  made.value_ = Array(items);
  return made;
}

Json Json::object() {
  Json made;
  made.value_ = Object{};
  return made;
}

Json::Json(const Json& other) = default;
Json::Json(Json&& other) noexcept = default;
Json& Json::operator=(const Json& other) = default;
Json& Json::operator=(Json&& other) noexcept = default;
Json::~Json() = default;

bool Json::is_null() const { return std::holds_alternative<std::monostate>(value_); }
bool Json::is_boolean() const { return std::holds_alternative<bool>(value_); }
bool Json::is_number_integer() const {
  return std::holds_alternative<std::int64_t>(value_) ||
         std::holds_alternative<std::uint64_t>(value_);
}
bool Json::is_string() const { return std::holds_alternative<std::string>(value_); }
bool Json::is_array() const { return std::holds_alternative<Array>(value_); }
bool Json::is_object() const { return std::holds_alternative<Object>(value_); }

JsonError Json::is_no(const char* wanted) const {
  constexpr const char* types[] = {"null",     "a boolean", "a number", "a number",
                                   "a number", "a string",  "an array", "an object"};
  return JsonError(std::string("there is ") + types[value_.index()] + " in the place of " + wanted);
}

const Json* Json::find(std::string_view key) const { return is_object() ? member(key) : nullptr; }

const Json* Json::member(std::string_view key) const {
  const auto* object = std::get_if<Object>(&value_);
  if (object == nullptr) throw is_no("an object");
  for (std::size_t i = 0; i < object->keys.size(); ++i) {
    if (object->keys[i] == key) return &object->values[i];
  }
  return nullptr;
}

const Json& Json::at(std::string_view key) const {
  const Json* found = member(key);
  if (found == nullptr) throw JsonError("there is no member \"" + std::string(key) + "\"");
  return *found;
}

Json& Json::operator[](std::string_view key) {
  if (is_null()) value_ = Object{};
  const Json* found = member(key);
  auto& object = std::get<Object>(value_);
  if (found != nullptr) {
    return object.values[static_cast<std::size_t>(found - object.values.data())];
  }
  object.keys.emplace_back(key);
  return object.values.emplace_back();
}

const std::vector<std::string>& Json::keys() const {
  static const std::vector<std::string> none;
  const auto* object = std::get_if<Object>(&value_);
  return object == nullptr ? none : object->keys;
}

const Json::Array& Json::items() const {
  const auto* array = std::get_if<Array>(&value_);
  if (array == nullptr) throw is_no("an array");
  return *array;
}

const Json& Json::at(std::size_t place) const {
  if (place >= items().size()) throw JsonError("there is no item " + std::to_string(place));
  return items()[place];
}

void Json::push_back(Json item) {
  if (is_null()) value_ = Array{};
  auto* array = std::get_if<Array>(&value_);
  if (array == nullptr) throw is_no("an array");
  array->push_back(std::move(item));
}

const Json* Json::begin() const {
  if (const auto* array = std::get_if<Array>(&value_)) return array->data();
  if (const auto* object = std::get_if<Object>(&value_)) return object->values.data();
  return this;
}

const Json* Json::end() const { return begin() + size(); }

std::size_t Json::size() const {
  if (const auto* array = std::get_if<Array>(&value_)) return array->size();
  if (const auto* object = std::get_if<Object>(&value_)) return object->values.size();
  return is_null() ? 0 : 1;
}

void Json::read(bool& value) const {
  const auto* held = std::get_if<bool>(&value_);
  if (held == nullptr) throw is_no("a boolean");
  value = *held;
}

void Json::read(std::string& value) const {
  const auto* held = std::get_if<std::string>(&value_);
  if (held == nullptr) throw is_no("a string");
  value = *held;
}

void Json::read(double& value) const {
  if (const auto* held = std::get_if<double>(&value_)) {
    value = *held;
  } else if (const auto* positive = std::get_if<std::uint64_t>(&value_)) {
    value = static_cast<double>(*positive);
  } else if (const auto* any = std::get_if<std::int64_t>(&value_)) {
    value = static_cast<double>(*any);
  } else {
    throw is_no("a number");
  }
}

std::uint64_t Json::integer(Booleans booleans) const {
  if (const auto* positive = std::get_if<std::uint64_t>(&value_)) return *positive;
  if (const auto* any = std::get_if<std::int64_t>(&value_)) {
    return static_cast<std::uint64_t>(*any);
  }
  if (const auto* real = std::get_if<double>(&value_)) return integer_of(*real);
  const auto* boolean = std::get_if<bool>(&value_);
  if (boolean == nullptr || booleans == Booleans::refused) throw is_no("a number");
  return *boolean ? 1 : 0;
}

bool operator==(const Json& a, const Json& b) {
  const auto same = [](const auto& left, const auto& right) {
    using Left = std::decay_t<decltype(left)>;
    using Right = std::decay_t<decltype(right)>;
    if constexpr (is_numeric<Left> && is_numeric<Right>) {
      return same_number(left, right);
    } else if constexpr (std::is_same_v<Left, Right>) {
      return left == right;
    } else {
      return false;
    }
  };
  return std::visit(same, a.value_, b.value_);
}

std::ostream& operator<<(std::ostream& out, const Json& json) { return out << json.dump(); }

}  // namespace adit
