# Traces of Ruby: logged, printed and not caught.
require "logger"

def pay(items) = 100 / items

log = Logger.new($stderr)
log.info("started")
begin
  pay(0)
rescue => e
  log.error(e)
  warn e.full_message(highlight: false, order: :top)
end
log.info("next")
begin
  pay(0)
rescue
  raise "cannot take order"
end
