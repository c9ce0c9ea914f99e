#include "wire/key_method2.h"

namespace adit::wire {

namespace {

// u16 length that counts the terminating NUL; an empty string is the length 0 alone.
std::optional<std::string> read_string(Reader& reader) {
  if (reader.left() < 2) return std::string();  // very old peers leave trailing fields out
  const std::size_t length = reader.u16();
  const Bytes bytes = reader.take(length);
  if (!reader.ok()) return std::nullopt;
  if (bytes.empty()) return std::string();
  return std::string(as_text(bytes.first(length - 1)));
}

void write_string(Writer& writer, std::string_view text) {
  if (text.empty()) return writer.u16(0);
  writer.u16(static_cast<std::uint16_t>(text.size() + 1));
  writer.put(as_bytes(text));
  writer.u8(0);
}

}  // namespace

std::optional<KeyMethod2> decode_key_method2(Bytes bytes, bool from_client) {
  Reader reader(bytes);
  KeyMethod2 message;
  reader.u32();
  if ((reader.u8() & 0x0F) != 2) return std::nullopt;
  if (from_client) message.source.pre_master = Secret<48>(reader.take(48));
  message.source.random1 = Secret<32>(reader.take(32));
  message.source.random2 = Secret<32>(reader.take(32));
  if (!reader.ok()) return std::nullopt;
  auto options = read_string(reader);
  auto username = options ? read_string(reader) : std::nullopt;
  auto password = username ? read_string(reader) : std::nullopt;
  auto peer_info = password ? read_string(reader) : std::nullopt;
  if (!peer_info) return std::nullopt;
  message.options = std::move(*options);
  message.username = std::move(*username);
  message.password = SecretText(std::move(*password));
  message.peer_info = std::move(*peer_info);
  return message;
}

std::optional<Buffer> encode_key_method2(const KeyMethod2& message, bool from_client) {
  const std::string& password = message.password.reveal();
  for (const std::string* text :
       {&message.options, &message.username, &password, &message.peer_info}) {
    if (text->size() > 65534) return std::nullopt;
  }
  Buffer bytes(5 + 48 + 64 + 4 * 3 + message.options.size() + message.username.size() +
               password.size() + message.peer_info.size());
  Writer writer(bytes);
  writer.u32(0);
  writer.u8(2);
  if (from_client) writer.put(message.source.pre_master.bytes());
  writer.put(message.source.random1.bytes());
  writer.put(message.source.random2.bytes());
  write_string(writer, message.options);
  write_string(writer, message.username);
  write_string(writer, password);
  write_string(writer, message.peer_info);
  bytes.resize(writer.size());
  return bytes;
}

}  // namespace adit::wire
