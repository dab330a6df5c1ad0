#include "collate/json_rows.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/json_text.h"
#include "base/text.h"

namespace distaff {
namespace {

const std::string kBinary = "_b64";

std::string key_of(const std::string& name) {
  std::string key = ",";
  append_json_string(name, key);
  return key += ':';
}

// `name`, or name_2, name_3 …: the first that `taken` does not know.
template <class Taken>
std::string unique(const std::string& name, Taken taken) {
  std::string candidate = name;
  for (int i = 2; taken(candidate); ++i) candidate = name + "_" + std::to_string(i);
  return candidate;
}

// The columns by their numbers where they have no names.
std::vector<std::string> input_names(const FieldNames* names, std::size_t count) {
  std::vector<std::string> all;
  if (names != nullptr) {
    for (const std::string& name : *names) {
      all.push_back(is_valid_utf8(name) ? name : printable(name, std::string::npos));
    }
  }
  while (all.size() < count) all.push_back(std::to_string(all.size() + 1));
  return all;
}

bool without_fields(const Record& record) {
  return record.fields.empty() && (record.names == nullptr || record.names->empty());
}

}  // namespace

JsonRows::Columns JsonRows::make_columns(std::shared_ptr<const FieldNames> names,
                                         std::vector<std::string> input) {
  Columns columns;
  columns.names = std::move(names);
  // All that stand in the input keep their names, wherever; a second one gives way to all.
  const std::set<std::string> written(input.begin(), input.end());
  std::set<std::string> used;
  for (std::string& name : input) {
    if (used.count(name) > 0) {
      name = unique(name, [&](const std::string& n) { return written.count(n) + used.count(n); });
    }
    used.insert(name);
  }
  for (const std::string& name : input) {
    const std::string binary =
        unique(name + kBinary, [&](const std::string& n) { return used.count(n) > 0; });
    used.insert(binary);
    columns.input.push_back({key_of(name), key_of(binary)});
  }

  const auto prefix = [&](std::string_view own, bool text) {
    return job_prefix(own, [&](const std::string& wanted) {
      return used.count(wanted) > 0 || (text && used.count(wanted + kBinary) > 0);
    });
  };
  for (std::size_t i = 0; i < kJobColumns.size(); ++i) {
    const JobColumn& column = kJobColumns[i];
    const std::string name = prefix(column.name, column.text) + std::string(column.name);
    columns.ours[i] = {key_of(name), key_of(name + kBinary)};
  }
  columns.run = key_of(prefix("run", false) + "run");
  columns.out_prefix = prefix("stdout", true);
  columns.err_prefix = prefix("stderr", true);
  return columns;
}

const JsonRows::Columns& JsonRows::columns_of(const Record& record) {
  if (options_.batched || without_fields(record)) {
    if (!by_record_) by_record_ = make_columns(nullptr, {"record"});
    return *by_record_;
  }
  if (!by_fields_ || by_fields_->names != record.names ||
      by_fields_->input.size() < record.fields.size()) {
    by_fields_ = make_columns(record.names, input_names(record.names.get(), record.fields.size()));
  }
  return *by_fields_;
}

void JsonRows::append_text(const Key& key, const std::optional<std::string>& value,
                           std::string& row) {
  if (!value) {
    row += key.text + "null";
  } else if (is_valid_utf8(*value)) {
    row += key.text;
    append_json_string(*value, row);
  } else {
    row += key.binary + '"' + base64(*value) + '"';
  }
}

std::string JsonRows::head(const Job& job, const Attempt& attempt, int attempts, Slot slot) {
  const Record& record = job.records.front();
  const Columns& columns = columns_of(record);
  // For begin(): another job's columns may be in use by then.
  std::string head = columns.out_prefix + '\0' + columns.err_prefix + '\0';
  const std::size_t start = head.size();

  if (options_.batched || without_fields(record)) {
    append_text(columns.input[0], text_of(job), head);
  } else {
    const std::size_t named = record.names ? record.names->size() : 0;
    for (std::size_t i = 0; i < std::max(named, record.fields.size()); ++i) {
      append_text(columns.input[i], i < record.fields.size() ? record.fields[i] : std::nullopt,
                  head);
    }
  }
  const JobValues values = job_values(job, attempt, attempts, slot);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (kJobColumns[i].text) {
      append_text(columns.ours[i], values[i], head);
    } else {
      head += columns.ours[i].text + values[i].value_or("null");
    }
  }
  if (!options_.run.empty()) {
    head += columns.run;
    append_json_string(options_.run, head);
  }
  head[start] = '{';  // there was a comma
  return head;
}

void JsonRows::begin(std::string_view head, std::string& row) {
  for (std::string* prefix : {&out_prefix_, &err_prefix_}) {
    const std::size_t end = head.find('\0');
    *prefix = head.substr(0, end);
    head.remove_prefix(end + 1);
  }
  if (options_.on_terminal) {
    row += printable_json(head);
  } else {
    row += head;
  }
}

void JsonRows::before(Stream stream, bool text, std::string& row) {
  text_ = text;
  row += ",\"";
  row += stream == Stream::out ? out_prefix_ + "stdout" : err_prefix_ + "stderr";
  row += text ? "\":\"" : "_b64\":\"";
}

void JsonRows::encode(std::string_view bytes, std::string& row) {
  if (text_) {
    append_json_escaped(bytes, row);
  } else {
    base64_.feed(bytes, row);
  }
}

void JsonRows::after(Stream, std::string& row) {
  if (!text_) base64_.finish(row);
  row += '"';
}

void JsonRows::tail(std::string& row) { row += "}\n"; }

}  // namespace distaff
