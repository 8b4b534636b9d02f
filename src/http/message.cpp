#include "http/message.h"

#include <algorithm>
#include <iterator>

namespace plenoptic::http {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
           return lower(x) == lower(y);
         });
}

thread_local AnswerBatch* current_batch = nullptr;

}  // namespace

AnswerBatch::AnswerBatch() { current_batch = this; }

AnswerBatch::~AnswerBatch() {
  current_batch = nullptr;
  const auto by_home = [](const WaitingAnswer& a, const WaitingAnswer& b) { return a.sink->home() < b.sink->home(); };
  std::stable_sort(answers_.begin(), answers_.end(), by_home);
  for (auto first = answers_.begin(); first != answers_.end();) {
    const auto last = std::upper_bound(first, answers_.end(), *first, by_home);
    AnswerSink* const sink = first->sink.get();
    sink->answer_together({std::make_move_iterator(first), std::make_move_iterator(last)});
    first = last;
  }
}

std::string_view Request::header(std::string_view name) const {
  for (const Header& header : headers)
    if (same_name(header.name, name)) return header.value;
  return {};
}

Responder::~Responder() {
  send({.status = 500, .content_type = "application/json", .headers = {}, .body = R"({"error":{"type":"internal_server_error","message":"Internal Server Error"}})"});
}

void Responder::send(Response&& response) {
  if (!sink_) return;
  if (current_batch) return current_batch->add({std::move(sink_), std::move(response)});
  AnswerSink* const sink = sink_.get();
  sink->answer(std::move(sink_), std::move(response));
}

}  // namespace plenoptic::http
