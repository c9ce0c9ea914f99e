#pragma once

#include <cstring>
#include <memory>

#include "base/assert.h"
#include "base/bytes.h"

namespace adit {

// A view of one packet inside a larger buffer, with free room in front and behind, so that headers
// are written where they belong and nobody copies in order to prepend. Owns nothing.
class Packet {
 public:
  Packet() = default;
  Packet(MutableBytes storage, std::size_t offset, std::size_t size)
      : storage_(storage), offset_(offset), size_(size) {
    ADIT_ASSERT(offset + size <= storage.size());
  }

  [[nodiscard]] std::uint8_t* data() { return storage_.data() + offset_; }
  [[nodiscard]] const std::uint8_t* data() const { return storage_.data() + offset_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] Bytes bytes() const { return {data(), size_}; }
  [[nodiscard]] MutableBytes writable() { return {data(), size_}; }
  [[nodiscard]] std::size_t front_room() const { return offset_; }
  [[nodiscard]] std::size_t back_room() const { return storage_.size() - offset_ - size_; }

  // Grows or shrinks at either end; growing needs the room, shrinking the bytes.
  std::uint8_t* prepend(std::size_t count) {
    ADIT_ASSERT(count <= offset_);
    offset_ -= count;
    size_ += count;
    return data();
  }
  std::uint8_t* append(std::size_t count) {
    ADIT_ASSERT(count <= back_room());
    size_ += count;
    return data() + size_ - count;
  }
  void drop_front(std::size_t count) {
    ADIT_ASSERT(count <= size_);
    offset_ += count;
    size_ -= count;
  }
  void drop_back(std::size_t count) {
    ADIT_ASSERT(count <= size_);
    size_ -= count;
  }

  // Starts over as an empty packet with front_room bytes of room, then takes a copy of bytes.
  void assign(Bytes bytes, std::size_t front_room) {
    ADIT_ASSERT(front_room + bytes.size() <= storage_.size());
    offset_ = front_room;
    size_ = bytes.size();
    if (!bytes.empty()) std::memmove(data(), bytes.data(), bytes.size());
  }
  // The whole buffer behind front_room, for a read to land in; set_size() afterwards.
  [[nodiscard]] MutableBytes landing(std::size_t front_room) {
    offset_ = front_room;
    size_ = 0;
    return storage_.subspan(front_room);
  }
  void set_size(std::size_t size) {
    ADIT_ASSERT(offset_ + size <= storage_.size());
    size_ = size;
  }

 private:
  MutableBytes storage_;
  std::size_t offset_ = 0;
  std::size_t size_ = 0;
};

}  // namespace adit
