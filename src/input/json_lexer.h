#pragma once

// Cuts a JSON text into tokens, as RFC 8259 has them, with one liberty: the bytes of a string need
// not be UTF-8, since all we do with them is to pass them on.  Numbers are text, of any size.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace distaff {

class JsonLexer {
 public:
  enum class Token : unsigned char {
    begin_object,
    end_object,
    begin_array,
    end_array,
    colon,
    comma,
    string,
    number,
    word,  // true, false, null
    end,
    bad,  // mistake() says why
  };

  void begin(std::string_view text) { text_ = text, at_ = 0; }

  Token next();

  // A string without its quotes and escapes; a number or word as it was written.  Valid until the
  // next token.
  std::string_view value() const { return value_; }

  // Where the last token begins; after `bad` where the mistake is.  Bytes from 1.
  std::size_t column() const { return column_; }
  const std::string& mistake() const { return mistake_; }

 private:
  Token one(Token token);
  Token string();
  Token number();
  Token word();
  Token unexpected();
  Token bad(std::size_t at, std::string what);
  bool digits(std::size_t& at) const;
  std::optional<std::uint32_t> unit(std::size_t at) const;
  std::string escape(std::size_t& at);

  std::string_view text_;
  std::size_t at_ = 0;
  std::string_view value_;
  std::string plain_;  // of a string that has escapes
  std::size_t column_ = 1;
  std::string mistake_;
};

}  // namespace distaff
