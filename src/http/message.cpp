#include "http/message.h"

#include <algorithm>

namespace plenoptic::http {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
           return lower(x) == lower(y);
         });
}

}  // namespace

std::string_view Request::header(std::string_view name) const {
  for (const Header& header : headers)
    if (same_name(header.name, name)) return header.value;
  return {};
}

Responder::~Responder() {
  send({.status = 500, .content_type = "application/json", .headers = {}, .body = R"({"error":{"type":"internal_server_error","message":"Internal Server Error"}})"});
}

void Responder::send(Response&& response) {
  AnswerSink* sink = sink_.get();
  if (sink) sink->answer(std::move(sink_), std::move(response));
}

}  // namespace plenoptic::http
