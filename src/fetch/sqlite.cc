#include "fetch/sqlite.h"

#include <sqlite3.h>

namespace distaff {
namespace {

constexpr int kPatience = 2000;  // milliseconds that another program may be at it

}  // namespace

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

SqliteStatement& SqliteStatement::text(int parameter, std::string_view value) {
  sqlite3_bind_text64(statement_.get(), parameter, value.empty() ? "" : value.data(), value.size(),
                      SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

SqliteStatement& SqliteStatement::blob(int parameter, std::string_view value) {
  sqlite3_bind_blob64(statement_.get(), parameter, value.empty() ? "" : value.data(), value.size(),
                      SQLITE_STATIC);
  return *this;
}

SqliteStatement& SqliteStatement::zeros(int parameter, std::uint64_t size) {
  sqlite3_bind_zeroblob64(statement_.get(), parameter, size);
  return *this;
}

SqliteStatement& SqliteStatement::number(int parameter, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), parameter, value);
  return *this;
}

bool SqliteStatement::row() { return sqlite3_step(statement_.get()) == SQLITE_ROW; }

std::string SqliteStatement::column(int at) const {
  const unsigned char* text = sqlite3_column_text(statement_.get(), at);
  if (text == nullptr) return {};
  return {reinterpret_cast<const char*>(text),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), at))};
}

int SqliteStatement::run() {
  const int code = sqlite3_step(statement_.get());
  reset();
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

void SqliteStatement::reset() { sqlite3_reset(statement_.get()); }

void SqliteDatabase::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

int SqliteDatabase::open(const std::string& file, int flags) {
  sqlite3* opened = nullptr;
  // A name such as ":memory:" or "file:x" means something else to SQLite.
  const std::string name = file.starts_with('/') ? file : "./" + file;
  const int code = sqlite3_open_v2(name.c_str(), &opened, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  database_.reset(opened);
  if (code == SQLITE_OK) sqlite3_busy_timeout(opened, kPatience);
  return code;
}

int SqliteDatabase::open_for_writing(const std::string& file) {
  const int code = open(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (code != SQLITE_OK) return code;
  // Written ahead, a transaction is a single write; the disk is waited for only now and then.
  return run("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=16000");
}

int SqliteDatabase::open_for_reading(const std::string& file) {
  return open(file, SQLITE_OPEN_READONLY);
}

int SqliteDatabase::run(const char* statements) {
  return sqlite3_exec(database_.get(), statements, nullptr, nullptr, nullptr);
}

SqliteStatement SqliteDatabase::prepare(std::string_view statement) {
  SqliteStatement prepared;
  sqlite3_stmt* compiled = nullptr;
  sqlite3_prepare_v3(database_.get(), statement.data(), static_cast<int>(statement.size()),
                     SQLITE_PREPARE_PERSISTENT, &compiled, nullptr);
  prepared.statement_.reset(compiled);
  return prepared;
}

std::int64_t SqliteDatabase::last_row() const { return sqlite3_last_insert_rowid(database_.get()); }

int SqliteDatabase::code() const { return sqlite3_errcode(database_.get()); }

std::string SqliteDatabase::message() const { return sqlite3_errmsg(database_.get()); }

}  // namespace distaff
