-- SPDX-License-Identifier: MIT
-- For wrk: every body is compared with the file; CLOSE asks for a connection each.
local file = io.open(os.getenv("BODY"), "rb")
local want = file:read("*a")
local threads = {}

file:close()
wrk.path = "/page.bin"
if os.getenv("CLOSE") == "1" then
    wrk.headers["Connection"] = "close"
end

function setup(thread)
    table.insert(threads, thread)
end

function init()
    wrong, right = 0, 0
end

function response(status, headers, body)
    if status == 200 and body == want then
        right = right + 1
    else
        wrong = wrong + 1
    end
end

function done(summary)
    local r, w, e = 0, 0, summary.errors

    for _, thread in ipairs(threads) do
        r, w = r + thread:get("right"), w + thread:get("wrong")
    end
    print(string.format("BODIES right %d wrong %d errors connect %d read %d write %d timeout %d status %d", r, w, e.connect,
        e.read, e.write, e.timeout, e.status))
end
