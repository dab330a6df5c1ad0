#pragma once

// As much of SQLite as archives need: a database, and statements that are compiled once.
//
// Results are SQLite's own codes; 0 is success.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace distaff {

class SqliteStatement {
 public:
  // Counted from 1; text must live until the next reset().
  SqliteStatement& text(int parameter, std::string_view value);
  SqliteStatement& blob(int parameter, std::string_view value);
  SqliteStatement& zeros(int parameter, std::uint64_t size);  // a blob to be written later
  SqliteStatement& number(int parameter, std::int64_t value);

  // One step of a query: true if there is a row.
  bool row();
  std::string column(int at) const;  // from 0; empty for NULL

  // All of a statement without rows; a code.
  int run();

  void reset();
  bool valid() const { return statement_ != nullptr; }

 private:
  friend class SqliteDatabase;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class SqliteDatabase {
 public:
  // A code.  What is done there is complete or absent also if we are killed.
  int open_for_writing(const std::string& file);
  int open_for_reading(const std::string& file);

  int run(const char* statements);
  SqliteStatement prepare(std::string_view statement);

  std::int64_t last_row() const;
  int code() const;
  std::string message() const;
  sqlite3* get() const { return database_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  int open(const std::string& file, int flags);

  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace distaff
