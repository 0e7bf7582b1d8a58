-- Wireshark dissector for Totem's frames: corosync 3's wire format (version 3) and what we add to it.
-- README.md beside this file says how to install and use it; docs/spec/wire.md and docs/spec/extensions.md what the
-- bytes mean.
--
-- Three rules hold throughout:
--   * Nothing on the wire may raise a Lua error: all bytes are read through a Reader, which fails once and stays
--     failed.
--   * What runs over its announced length is malformed; what the capture has cut off is not.
--   * Everything that depends on other frames is decided on the first pass and kept by frame number, because afterwards
--     Wireshark dissects frames in any order, and again and again.

local totem = Proto("totem", "Totem single-ring protocol")
local knet = Proto("kronosnet", "kronosnet")

local MAGIC = 0xC070
local VERSION = 3
local KIND_TOKEN, KIND_MESSAGE, KIND_MERGE, KIND_JOIN, KIND_COMMIT, KIND_HOLD_CANCEL, KIND_LOAN = 0, 1, 2, 3, 4, 5, 6
local ENCAPSULATED, REGULAR = 1, 2
local HEADER_BYTES = 13
local REQUESTS_MAX = 30
local PROCESSORS_MAX = 384
local NAME_BYTES_MAX = 128
local JOIN_TRAILER, MERGE_TRAILER, RECOVERY_NOTE = 0x4A544F54, 0x48544F54, 0x4F544F54
local DEFAULT_PORTS = "5404-5405"

------------------------------------------------------------------------------------------------------------------------
-- Fields

local kinds = {
    [0] = "token", [1] = "message", [2] = "merge detect", [3] = "join", [4] = "commit token", [5] = "hold cancel",
    [6] = "token loan",
}
local encapsulations = { [0] = "none", [1] = "recovery", [2] = "regular" }
local guarantees = { [0] = "agreed", [1] = "safe" }
local services = {
    [0] = "cmap", [1] = "cfg", [2] = "cpg", [3] = "quorum", [4] = "pload", [5] = "votequorum", [6] = "mon", [7] = "wd",
}
local cpg_reasons = { [1] = "join", [2] = "leave", [3] = "node down", [4] = "node up", [5] = "process gone" }
local group_kinds = { [1] = "message", [2] = "join", [3] = "leave", [4] = "state", [5] = "part" }
local partial_types = { [1] = "first", [2] = "continued", [3] = "last" }
local vote_parameters = { [1] = "expected votes", [2] = "votes of the node", [3] = "cancel wait-for-all" }
local cmap_reasons = { [0] = "synchronisation", [1] = "version changed" }

local f = {}
local function u8(name, label, values) f[name] = ProtoField.uint8("totem." .. name, label, base.DEC, values) end
local function u16(name, label, values) f[name] = ProtoField.uint16("totem." .. name, label, base.DEC, values) end
local function u32(name, label, values) f[name] = ProtoField.uint32("totem." .. name, label, base.DEC, values) end
local function i32(name, label) f[name] = ProtoField.int32("totem." .. name, label, base.DEC) end
local function u64(name, label) f[name] = ProtoField.uint64("totem." .. name, label, base.DEC) end
local function text(name, label) f[name] = ProtoField.string("totem." .. name, label) end
local function bytes(name, label) f[name] = ProtoField.bytes("totem." .. name, label) end
local function group(name, label) f[name] = ProtoField.none("totem." .. name, label) end
local function frame_number(name, label) f[name] = ProtoField.framenum("totem." .. name, label, base.NONE) end
local function ring_fields(name, label)
    text(name, label)
    u32(name .. ".rep", "Representative")
    u64(name .. ".seq", "Ring sequence")
end

-- Every frame.
f.magic = ProtoField.uint16("totem.magic", "Magic", base.HEX)
text("byte_order", "Byte order")
u8("version", "Version")
u8("kind", "Kind", kinds)
u8("encapsulated", "Encapsulation", encapsulations)
u32("node", "Node in the header")
u32("target", "Target; in our tokens: where it is to rest")
u32("sender", "Sender")
ring_fields("ring", "Ring")
u32("seq", "Sequence number")
bytes("trailing", "Bytes after the announced length")

-- Tokens.
u32("token_seq", "Token sequence number")
u32("aru", "All received up to")
u32("aru_setter", "Who lowered it")
u32("backlog", "Backlog")
u32("fcc", "Messages of the last rotation")
u32("retrans_flag", "Somebody has messages to recover")
i32("request.count", "Retransmission requests")
group("request", "Request")
ring_fields("request.ring", "Ring")
u32("request.seq", "Sequence number")

u32("loan.number", "Loan of this rest")
u32("loan.allowance", "Numbers the borrower may give")
u16("loan.flags", "Flags (1 given back, 2 has more)")

-- Joins, merge detects, and our trailers.
f["join.leave"] = ProtoField.bool("totem.join.leave", "Leaves")
u64("join.ring_seq", "Ring sequence of the sender")
u32("join.proposed.count", "Proposed members")
u32("join.proposed", "Proposed")
u32("join.failed.count", "Failed members")
u32("join.failed", "Failed")
group("trailer", "Totem's trailer")
u32("trailer.magic", "Magic")
u16("trailer.silent.count", "Failed and not heard by the sender")
u32("trailer.silent", "Silent")
u16("trailer.heard.count", "Heard of late")
u32("trailer.heard", "Heard")
u16("trailer.broken.count", "Broken links")
group("trailer.broken", "Broken link")
u32("trailer.broken.listener", "Listener")
u32("trailer.broken.speaker", "Speaker")

-- Commit tokens.
i32("commit.filled", "Entries filled in")
i32("commit.count", "Members")
u32("commit.member", "Member")
group("commit.entry", "Entry")
ring_fields("commit.old_ring", "Old ring")
u32("commit.aru", "All received up to")
u32("commit.high_delivered", "Highest delivered")
u32("commit.received", "Has everything")

-- Messages: header, packing, what is put together.
i32("origin_count", "Frames of this origin")
u32("node_field", "Node field (0)")
u32("guarantee", "Guarantee", guarantees)
group("recovered", "Message of the old ring")
group("note", "Promise of an earlier recovery")
u32("note.magic", "Magic")
ring_fields("note.ring", "Old ring")
u16("note.obligation.count", "Obligation set")
u32("note.obligation", "Obliged to")
group("packing", "Packet")
u16("packing.version", "Version")
u16("packing.type", "Type")
u8("packing.fragment", "Last piece goes on as fragment")
u8("packing.continuation", "First piece continues fragment")
u16("packing.count", "Pieces")
u16("packing.length", "Length")
bytes("fragment", "Fragment")
frame_number("copy_of", "Same frame as in")
frame_number("reassembled_in", "Message complete in")
frame_number("fragment.frame", "Fragment in")
u32("reassembled.count", "Fragments")

-- Messages of services and applications.
group("msg", "Message")
text("msg.kind", "Kind")
u32("msg.from", "From")
u32("msg.length", "Length with the group names")
u16("msg.group.count", "Groups")
u16("msg.group.length", "Length of the name")
text("msg.group", "Group")
u32("msg.id", "Identifier")
u32("msg.service", "Service", services)
u32("msg.function", "Function")
u32("msg.size", "Announced size")
bytes("data", "Data")

ring_fields("sync.ring", "Ring")
i32("sync.service.count", "Services")
i32("sync.service", "Service")

text("cpg.group", "Group")
u32("cpg.pid", "Process")
u32("cpg.reason", "Reason", cpg_reasons)
u32("cpg.len", "Length of the message")
u32("cpg.fragment_len", "Length of this part")
u32("cpg.partial", "Part", partial_types)
u32("cpg.source.node", "Source node")
u64("cpg.source.value", "Source value (opaque)")
bytes("cpg.payload", "Payload")
i32("cpg.error", "Error")
group("cpg.member", "Member")
u32("cpg.old_members", "Members at the last synchronisation")
u32("cpg.left.count", "Left")
u32("cpg.left", "Left node")

f["sync.ours"] = ProtoField.bool("totem.sync.ours", "A processor of Totem")
u32("sync.encoding", "Encoding of group messages")
u8("group.kind", "Group message", group_kinds)
u32("group.number", "Number of the sender's membership")
u8("group.reason", "Reason", cpg_reasons)
u8("group.part", "Part", partial_types)
u8("group.name_length", "Length of the name")
u16("group.member.count", "Members")

u32("quorum.node", "Node")
u32("quorum.votes", "Votes")
u32("quorum.expected", "Expected votes")
f["quorum.flags"] = ProtoField.uint32("totem.quorum.flags", "Flags", base.HEX)
u32("quorum.value", "Value")
u8("quorum.parameter", "Parameter", vote_parameters)
u32("quorum.operation", "Registration", { [0] = "unregister", [1] = "register" })
text("quorum.device", "Device")
text("quorum.new_device", "New device")
local quorum_flags = {
    { 1, "quorate", "Quorate" }, { 2, "leaving", "Leaving" }, { 4, "wait_for_all", "Waits for all" },
    { 8, "first", "First node" }, { 16, "device_registered", "Device registered" },
    { 32, "device_alive", "Device alive" },
    { 64, "device_votes", "Device votes" }, { 128, "master_wins", "Master wins" },
    { 256, "extra", "Extra information follows" },
}
for _, flag in ipairs(quorum_flags) do
    local name = "quorum.flags." .. flag[2]
    f[name] = ProtoField.bool("totem." .. name, flag[3], 32, nil, flag[1])
end

u8("cmap.reason", "Reason", cmap_reasons)
u8("cmap.items", "Items")
text("cmap.key", "Key")
u8("cmap.type", "Type")
u64("cmap.length", "Value length")
bytes("cmap.value", "Value")
u32("cfg.node", "Node")
text("cfg.text", "Reason")
u32("cfg.phase", "Phase")

-- kronosnet, which carries the frames of rings in its own packets.
local knet_types = {
    [0x00] = "data", [0x81] = "ping", [0x82] = "pong", [0x83] = "probe", [0x84] = "answer to a probe",
}
local function k8(name, label, values)
    f["kronosnet." .. name] = ProtoField.uint8("kronosnet." .. name, label, base.DEC, values)
end
local function k16(name, label) f["kronosnet." .. name] = ProtoField.uint16("kronosnet." .. name, label, base.DEC) end
local function k64(name, label) f["kronosnet." .. name] = ProtoField.uint64("kronosnet." .. name, label, base.DEC) end
k8("version", "Version")
f["kronosnet.type"] = ProtoField.uint8("kronosnet.type", "Type", base.HEX, knet_types)
k16("node", "Node")
k16("seq", "Number of the message")
k8("compressed", "Compression")
k8("pad", "Padding")
k8("broadcast", "To all")
k8("fragments", "Fragments")
k8("fragment", "Fragment")
k8("channel", "Channel")
k8("link", "Link")
f["kronosnet.time"] = ProtoField.bytes("kronosnet.time", "Time, of the sender of the ping")
f["kronosnet.challenge"] = ProtoField.bytes("kronosnet.challenge", "Challenge, of the sender of the ping")
k8("timed", "Periodic")
k16("size", "Length of the IP packet")
f["kronosnet.aead"] = ProtoField.uint8("kronosnet.aead", "Format of our own", base.HEX)
k8("aead.algorithm", "Algorithm", { [1] = "AES-256-GCM", [2] = "ChaCha20-Poly1305" })
k64("aead.life", "Life")
k64("aead.counter", "Counter")

local registered, knet_registered = {}, {}
for name, field in pairs(f) do
    local list = name:find("^kronosnet%.") and knet_registered or registered
    list[#list + 1] = field
end
totem.fields = registered
knet.fields = knet_registered

local malformed = ProtoExpert.new("totem.malformed", "Malformed", expert.group.MALFORMED, expert.severity.ERROR)
local incomplete = ProtoExpert.new("totem.incomplete", "Beginning not captured", expert.group.REASSEMBLE,
    expert.severity.NOTE)
local cut = ProtoExpert.new("totem.cut", "Cut off by the capture", expert.group.UNDECODED, expert.severity.NOTE)
totem.experts = { malformed, incomplete, cut }

totem.prefs.ports = Pref.range("UDP ports", DEFAULT_PORTS, "Ports of Totem and corosync (mcastport, and one less)",
    65535)

-- An ICMP error carries the beginning of the datagram that it is about: not a frame that anybody received.
local icmp_type = Field.new("icmp.type")
local icmpv6_type = Field.new("icmpv6.type")

------------------------------------------------------------------------------------------------------------------------
-- Reading

local Reader = {}
Reader.__index = Reader

-- Reads tvb from first to before last, which is what is announced; the capture may hold less.
local function read(frame, tvb, first, last, tree)
    return setmetatable({ frame = frame, tvb = tvb, at = first, first = first, last = last, tree = tree,
        failed = false }, Reader)
end

function Reader:fail(why)
    if self.failed then return end
    self.failed = true
    if self.frame.quoted or self.partial then return end
    self.frame.malformed = true
    self.tree:add_proto_expert_info(malformed, why)
end

function Reader:has(count)
    if self.failed then return false end
    if self.at + count > self.last then
        self:fail(string.format("%d bytes expected at offset %d, %d left", count, self.at - self.first,
            self.last - self.at))
    elseif self.at + count > self.tvb:captured_len() then
        self.failed = true -- cut off by the capture
    end
    return not self.failed
end

function Reader:left() return self.last - self.at end

function Reader:skip(count)
    if self:has(count) then self.at = self.at + count end
end

function Reader:number(field, size)
    if not self:has(size) then return 0, nil end
    local range = self.tvb:range(self.at, size)
    self.at = self.at + size
    if self.frame.big then return range:uint(), self.tree:add(field, range) end
    return range:le_uint(), self.tree:add_le(field, range)
end

function Reader:u8(field) return self:number(field, 1) end
function Reader:u16(field) return self:number(field, 2) end
function Reader:u32(field) return self:number(field, 4) end

function Reader:i32(field)
    local value, item = self:number(field, 4)
    return value < 0x80000000 and value or value - 0x100000000, item
end

-- 64 bits are more than a Lua number holds exactly; the text is exact.
function Reader:u64(field)
    if not self:has(8) then return 0, "0" end
    local range = self.tvb:range(self.at, 8)
    self.at = self.at + 8
    local value = self.frame.big and range:uint64() or range:le_uint64()
    if self.frame.big then self.tree:add(field, range) else self.tree:add_le(field, range) end
    return value:tonumber(), tostring(value)
end

-- A number that is looked at and not shown, nor moved over; nil when it is not there.
function Reader:peek(offset, size)
    local at = self.at + offset
    if self.failed or at + size > self.last or at + size > self.tvb:captured_len() then return nil end
    local range = self.tvb:range(at, size)
    if self.frame.big then return range:uint() end
    return range:le_uint()
end

-- A subtree over the next bytes; inside is called with the reader adding there.
function Reader:within(field, count, inside)
    if not self:has(count) then return end
    local outer = self.tree
    self.tree = count > 0 and outer:add(field, self.tvb:range(self.at, count)) or outer:add(field)
    inside(self.tree)
    self.tree = outer
end

function Reader:string(field, count)
    if not self:has(count) then return "" end
    if count == 0 then
        self.tree:add(field, "")
        return ""
    end
    local range = self.tvb:range(self.at, count)
    self.at = self.at + count
    local value = range:string():gsub("\0.*", "")
    self.tree:add(field, range, value)
    return (value:gsub("%c", "."))
end

-- The bytes up to the end; as many as were captured.
function Reader:rest(field, last)
    last = last or self.last
    if self.failed or last <= self.at then return end
    local count = last - self.at
    if not self:has(count) then
        local captured = self.tvb:captured_len() - self.at
        if captured > 0 and captured < count then self.tree:add(field, self.tvb:range(self.at, captured)) end
        return
    end
    self.tree:add(field, self.tvb:range(self.at, count))
    self.at = last
end

function Reader:ring(name)
    local key, seq_number = "0.0", 0
    if not self:has(12) then return key, 0 end
    local range = self.tvb:range(self.at, 12)
    local rep = self.frame.big and range(0, 4):uint() or range(0, 4):le_uint()
    local seq = self.frame.big and range(4, 8):uint64() or range(4, 8):le_uint64()
    key, seq_number = string.format("%s.%s", rep, tostring(seq)), seq:tonumber()
    local outer = self.tree
    self.tree = outer:add(f[name], range, key)
    self:u32(f[name .. ".rep"])
    self:u64(f[name .. ".seq"])
    self.tree = outer
    return key, seq_number, rep
end

-- A list of node ids; returns them as text.
function Reader:ids(field, count)
    local ids = {}
    if count > PROCESSORS_MAX then
        self:fail(string.format("%.0f processors, at most %d expected", count, PROCESSORS_MAX))
    elseif self:left() < 4 * count then
        self:fail(string.format("%d processors announced, room for %d", count, math.floor(self:left() / 4)))
    end
    for _ = 1, count do
        local id = self:u32(field)
        if self.failed then break end
        ids[#ids + 1] = tostring(id)
    end
    return "{" .. table.concat(ids, ",") .. "}", #ids
end

------------------------------------------------------------------------------------------------------------------------
-- Memory of the first pass: who has sent what, and which fragments make a message
--
-- A sender's packets on one ring form a list in the order of their numbers, whatever order they are seen in. A packet
-- whose first piece continues fragment n is linked to its sender's packet before it, when that one's last piece goes on
-- as n. The list begins anew with every ring, but a message need not: corosync keeps what it has not sent of its
-- regular stream over a change of the ring and all of the synchronisation, which is a second stream (WIRE §12.5). Such
-- a message hangs loose at the end of the old ring's list, and the continuation finds it there.

local packets         -- "ring sender" → list of packets, by number
local packet_by_seq   -- "ring seq" → packet
local knet_parts      -- source, destination, node and number → fragments of a message of kronosnet
local knet_whole      -- frame number → the message that it completed
local loose           -- sender → packets whose last piece nobody has continued, in the order they were seen
local seen            -- frame number → what the frame says that depends on others
local LOOSE_MAX = 16

local function forget()
    knet_parts, knet_whole = {}, {}
    packets, packet_by_seq, loose, seen = {}, {}, {}, {}
end

totem.init = forget
forget()

-- Numbers are 32 bits and wrap.
local function is_before(a, b)
    return (b - a) % 0x100000000 < 0x80000000 and a ~= b
end

-- Each packet of a sender has the next origin count, so a gap shows; one that does not count is taken at its word.
local function is_next(packet, other)
    return other.origin == packet.origin or (other.origin - packet.origin) % 0x100000000 == 1
end

local function link(packet, other)
    packet.next, other.prev = other, packet
    local list = loose[packet.sender]
    for i = #list, 1, -1 do
        if list[i] == packet then table.remove(list, i) end
    end
end

local function link_backward(packet, before)
    if packet.continuation == 0 or packet.prev then return end
    if before and not is_next(before, packet) then return end -- the beginning is missing
    if before and before.fragment ~= 0 then
        if before.fragment == packet.continuation and not before.next then link(before, packet) end
        return
    end
    local list = loose[packet.sender]
    for i = #list, 1, -1 do
        local candidate = list[i]
        if candidate.ring_seq < packet.ring_seq and candidate.fragment == packet.continuation then
            link(candidate, packet)
            return
        end
    end
end

local function first_piece_is_whole(packet) return packet.continuation == 0 or packet.count > 1 end

-- The message that the last piece of a packet begins or continues, if all of it is there.
local function chain_through(packet)
    local last = packet
    while true do
        local after = last.next
        if not after then return nil end
        last = after
        if last.count > 1 or last.fragment == 0 then break end
    end
    local chain = { last }
    local first = last
    repeat
        first = first.prev
        if not first then return nil end
        table.insert(chain, first)
    until first_piece_is_whole(first)
    local ordered = {}
    for i = #chain, 1, -1 do ordered[#ordered + 1] = chain[i] end
    return ordered
end

local function complete(chain, frame)
    local message = { frame = frame.number, frames = {}, from = chain[1].sender, big = chain[1].big }
    local parts = {}
    for i, packet in ipairs(chain) do
        message.frames[i] = packet.frame
        if i == 1 then
            parts[i] = packet.last_piece or false
            packet.begins, packet.last_piece = message, nil
        else
            parts[i] = packet.first_piece or false
            packet.ends, packet.first_piece = message, nil
        end
        if not parts[i] then message.is_cut = true end
    end
    if not message.is_cut then message.bytes = table.concat(parts) end
    return message
end

-- Remembers a packet; returns what is to be shown with it: before its own messages, and after them.
local function remember(frame, packet)
    local seq_key = packet.ring .. " " .. packet.seq
    local original = packet_by_seq[seq_key]
    if original then
        return { copy_of = original.frame, packet = original, before = {}, after = {} }
    end

    packet_by_seq[seq_key] = packet
    loose[packet.sender] = loose[packet.sender] or {}
    local list_key = packet.ring .. " " .. packet.sender
    local list = packets[list_key] or {}
    packets[list_key] = list
    local place = #list
    while place > 0 and is_before(packet.seq, list[place].seq) do place = place - 1 end
    table.insert(list, place + 1, packet)

    link_backward(packet, list[place])
    if packet.fragment ~= 0 then
        table.insert(loose[packet.sender], packet)
        if #loose[packet.sender] > LOOSE_MAX then table.remove(loose[packet.sender], 1) end
    end
    local after = list[place + 2]
    if after then link_backward(after, packet) end

    local result = { packet = packet, before = {}, after = {} }
    local chain = packet.prev and chain_through(packet.prev)
    if chain then table.insert(result.before, complete(chain, frame)) end
    if packet.next and not packet.begins and (packet.count > 1 or not chain) then
        chain = chain_through(packet)
        if chain and not chain[1].begins then table.insert(result.after, complete(chain, frame)) end
    end
    return result
end

------------------------------------------------------------------------------------------------------------------------
-- Service messages. Each function returns the kind and what a person wants to know besides.

-- A name: length, padding, 128 bytes.
local function read_name(r, field)
    if not r:has(8 + NAME_BYTES_MAX) then return "" end
    local length = r:peek(0, 4)
    if length > NAME_BYTES_MAX then
        r:fail(string.format("a name of %.0f bytes, at most %d expected", length, NAME_BYTES_MAX))
        return ""
    end
    local start = r.at
    r:skip(8)
    local name = r:string(field, length)
    r.at = start + 8 + NAME_BYTES_MAX
    return name
end

local function read_source(r)
    local node = r:u32(f["cpg.source.node"])
    r:skip(4)
    r:u64(f["cpg.source.value"])
    return node
end

local function read_payload(r, length, field)
    if r:left() < length then
        r:fail(string.format("a payload of %.0f bytes announced, %d left", length, r:left()))
        return
    end
    r:rest(field, r.at + length)
end

local cpg = {}

local function read_cpg_change(r)
    local name = read_name(r, f["cpg.group"])
    local pid = r:u32(f["cpg.pid"])
    r:skip(4)
    local reason = r:u32(f["cpg.reason"])
    return string.format("%s process %s (%s)", name, pid, cpg_reasons[reason] or reason)
end

cpg[0] = function(r) return "cpg procjoin", read_cpg_change(r) end
cpg[1] = function(r) return "cpg procleave", read_cpg_change(r) end

cpg[2] = function(r)
    local members = {}
    r:i32(f["cpg.error"])
    r:skip(4)
    while r:left() > 0 and not r.failed do
        r:within(f["cpg.member"], 8 + 8 + NAME_BYTES_MAX, function(item)
            local pid = r:u32(f["cpg.pid"])
            r:skip(4)
            local member = string.format("%s process %s", read_name(r, f["cpg.group"]), pid)
            item:set_text("Member: " .. member)
            members[#members + 1] = member
        end)
    end
    return "cpg joinlist", table.concat(members, ", ")
end

cpg[3] = function(r)
    local name = read_name(r, f["cpg.group"])
    local length = r:u32(f["cpg.len"])
    r:skip(4)
    local pid = r:u32(f["cpg.pid"])
    r:skip(4)
    read_source(r)
    read_payload(r, length, f["cpg.payload"])
    return "cpg mcast", string.format("%s process %s, %.0f bytes", name, pid, length)
end

cpg[5] = function(r)
    r:u32(f["cpg.old_members"])
    r:skip(4)
    local count = r:u32(f["cpg.left.count"])
    r:skip(4)
    local left = r:ids(f["cpg.left"], count)
    return "cpg downlist", "left " .. left
end

cpg[6] = function(r)
    local name = read_name(r, f["cpg.group"])
    local length = r:u32(f["cpg.len"])
    r:skip(4)
    local part = r:u32(f["cpg.fragment_len"])
    r:skip(4)
    local pid = r:u32(f["cpg.pid"])
    r:skip(4)
    local place = r:u32(f["cpg.partial"])
    r:skip(4)
    read_source(r)
    read_payload(r, part, f["cpg.payload"])
    return "cpg partial mcast",
        string.format("%s process %s, %.0f of %.0f bytes (%s)", name, pid, part, length, partial_types[place] or place)
end

local votequorum = {}

votequorum[0] = function(r)
    local node = r:u32(f["quorum.node"])
    local votes = r:u32(f["quorum.votes"])
    local expected = r:u32(f["quorum.expected"])
    local at = r.at
    local flags, item = r:u32(f["quorum.flags"])
    if item then
        local range = r.tvb:range(at, 4)
        for _, flag in ipairs(quorum_flags) do
            local field = f["quorum.flags." .. flag[2]]
            if r.frame.big then item:add(field, range) else item:add_le(field, range) end
        end
    end
    return "votequorum nodeinfo", string.format("node %s, votes %s of %s, flags %s", node, votes, expected, flags)
end

votequorum[1] = function(r)
    local node = r:u32(f["quorum.node"])
    local value = r:u32(f["quorum.value"])
    local parameter = r:u8(f["quorum.parameter"])
    return "votequorum reconfigure", string.format("node %s, %s %s", node, vote_parameters[parameter] or parameter,
        value)
end

votequorum[2] = function(r)
    local operation = r:u32(f["quorum.operation"])
    local device = r:string(f["quorum.device"], 255)
    return "votequorum device registration", string.format("%s (%s)", device, operation)
end

votequorum[3] = function(r)
    local old = r:string(f["quorum.device"], 255)
    return "votequorum device change", string.format("%s to %s", old, r:string(f["quorum.new_device"], 255))
end

votequorum[4] = function(r)
    local node = r:u32(f["quorum.node"])
    r:rest(f.data)
    return "votequorum extra information", string.format("node %s", node)
end

local cmap = {}

cmap[0] = function(r)
    local reason = r:u8(f["cmap.reason"])
    r:skip(7)
    local count = r:u8(f["cmap.items"])
    r:skip(23)
    local keys = {}
    for _ = 1, count do
        local length = r:peek(0, 2) or 0
        if length > 256 then r:fail(string.format("a key of %d bytes, at most 256 expected", length)) end
        r:skip(8)
        if not r:has(256 + 24 - 8) then break end
        local start = r.at
        keys[#keys + 1] = r:string(f["cmap.key"], length)
        r.at = start + 256
        r:u8(f["cmap.type"])
        r:skip(7)
        local size = r:u64(f["cmap.length"])
        if r:left() < size then r:fail(string.format("a value of %.0f bytes announced, %d left", size, r:left())) end
        if r.failed then break end
        r:rest(f["cmap.value"], r.at + size)
        r:skip(math.min(-size % 8, r:left()))
    end
    return "cmap mcast", string.format("%s (%s)", table.concat(keys, ", "), cmap_reasons[reason] or reason)
end

local cfg = {}

cfg[0] = function(r) return "cfg ring re-enable", string.format("from %s", read_source(r)) end

cfg[1] = function(r)
    local node = r:u32(f["cfg.node"])
    r:skip(4)
    local length = r:peek(0, 2) or 0
    if length > 256 then r:fail(string.format("a text of %d bytes, at most 256 expected", length)) end
    r:skip(8)
    local reason = r:string(f["cfg.text"], length)
    return "cfg kill node", string.format("%s: %s", node, reason)
end

cfg[2] = function() return "cfg shutdown", nil end
cfg[3] = function(r) return "cfg reload", string.format("from %s", read_source(r)) end
cfg[4] = function(r) return "cfg crypto", string.format("phase %s", (r:u32(f["cfg.phase"]))) end

local functions = { [0] = cmap, [1] = cfg, [2] = cpg, [5] = votequorum }

local sync = {}

sync[0] = function(r)
    local ring = r:ring("sync.ring")
    return "sync barrier", ring
end

sync[1] = function(r)
    local ring = r:ring("sync.ring")
    r:skip(4)
    local count = r:i32(f["sync.service.count"])
    r:skip(4)
    if count < 0 or count > 128 then r:fail(string.format("%d services, 0 to 128 expected", count)) end
    local list = {}
    for _ = 1, count do
        local id, item = r:i32(f["sync.service"])
        if r.failed then break end
        if services[id] then item:append_text(" (" .. services[id] .. ")") end
        list[#list + 1] = services[id] or tostring(id)
    end
    -- The two last entries, which nobody else reads, say that it is ours.
    local mark_at = 4 * (126 - count)
    if count >= 0 and count <= 126 and r:peek(mark_at, 4) == 0x4D544F54 then
        r:skip(mark_at)
        r.tree:add(f["sync.ours"], r.tvb:range(r.at, 4), true)
        r:skip(4)
        r:u32(f["sync.encoding"])
        list[#list + 1] = "ours"
    end
    return "sync service build", ring .. " " .. table.concat(list, "+")
end

-- Identifier and size stand before every message of a service.
local function read_service_header(r)
    local start = r.at
    local id = r:u32(f["msg.id"])
    r:skip(4)
    local size = r:u32(f["msg.size"])
    if not r.failed and not r.partial and size ~= r.last - start then
        r:fail(string.format("it says that it has %.0f bytes, and has %d", size, r.last - start))
    end
    r:skip(4)
    return id
end

local function dissect_service(r)
    local at = r.at
    local id = read_service_header(r)
    local service, number = math.floor(id / 65536), id % 65536
    if not r:has(0) then return services[service] or "service message", nil end
    r.tree:add(f["msg.service"], r.tvb:range(at, 4), service):set_generated()
    r.tree:add(f["msg.function"], r.tvb:range(at, 4), number):set_generated()
    local reader = functions[service] and functions[service][number]
    if reader then return reader(r) end
    r:rest(f.data)
    return string.format("%s function %d", services[service] or "service " .. service, number), nil
end

local function dissect_sync(r)
    local id = read_service_header(r)
    local reader = sync[id]
    if reader then return reader(r) end
    r:rest(f.data)
    return string.format("sync function %.0f", id), nil
end

-- Group messages in Totem's own encoding (EXT §4).
local grouped = {}

-- Seven bits a byte, the lowest first.
local function read_group_number(r)
    local at, value, factor = r.at, 0, 1
    for _ = 1, 3 do
        local byte = r:peek(0, 1)
        r:skip(1)
        if r.failed then return 0 end
        value = value + (byte % 128) * factor
        factor = factor * 128
        if byte < 128 then
            if value == 0 or value > 65535 then r:fail(string.format("number %d, 1 to 65535 expected", value)) end
            r.tree:add(f["group.number"], r.tvb:range(at, r.at - at), value)
            return value
        end
    end
    r:fail("a number of more than three bytes")
    return 0
end

local function read_group_name(r)
    local length = r:u8(f["group.name_length"])
    if not r.failed and (length == 0 or length > NAME_BYTES_MAX) then
        r:fail(string.format("a name of %d bytes, 1 to %d expected", length, NAME_BYTES_MAX))
    end
    return r:string(f["cpg.group"], length)
end

grouped[1] = function(r)
    local number = read_group_number(r)
    local length = r:left()
    r:rest(f["cpg.payload"])
    return string.format("#%d, %d bytes", number, length)
end

grouped[2] = function(r)
    local number = read_group_number(r)
    local pid = r:u32(f["cpg.pid"])
    return string.format("%s process %s as #%d", read_group_name(r), pid, number)
end

grouped[3] = function(r)
    local number = read_group_number(r)
    local reason = r:u8(f["group.reason"])
    return string.format("#%d (%s)", number, cpg_reasons[reason] or reason)
end

grouped[4] = function(r)
    local ring = r:ring("sync.ring")
    local members = {}
    for _ = 1, r:u16(f["group.member.count"]) do
        local number = r:u16(f["group.number"])
        local pid = r:u32(f["cpg.pid"])
        members[#members + 1] = string.format("%s process %s as #%d", read_group_name(r), pid, number)
        if r.failed then break end
    end
    return ring .. " " .. table.concat(members, ", ")
end

grouped[5] = function(r)
    local number = read_group_number(r)
    local part = r:u8(f["group.part"])
    local whole = r:u32(f["cpg.len"])
    local length = r:left()
    r:rest(f["cpg.payload"])
    return string.format("#%d, %s, %d of %.0f bytes", number, partial_types[part] or part, length, whole)
end

local function dissect_group(r)
    local kind = r:u8(f["group.kind"])
    local reader = grouped[kind]
    if reader then return "group " .. group_kinds[kind], reader(r) end
    if not r.failed then r:fail(string.format("group message %d, 1 to 5 expected", kind)) end
    return "group message", nil
end

-- Groups whose messages are not corosync's.
local our_groups = { t = "totem data", g = "group message", [""] = "nothing" }

local function read_groups(r)
    local lengths, names = {}, {}
    local count = r:u16(f["msg.group.count"])
    for i = 1, count do
        lengths[i] = r:u16(f["msg.group.length"])
        if r.failed then return names end
    end
    for i = 1, count do
        names[i] = r:string(f["msg.group"], lengths[i])
        if r.failed then return names end
    end
    return names
end

-- One message, complete, or only its beginning (partial). Returns what the info column says of it.
local function dissect_message(frame, tvb, first, last, tree, from, partial)
    local r = read(frame, tvb, first, last, tree)
    r.partial = partial
    local captured = math.min(last, tvb:captured_len()) - first
    local item = captured > 0 and tree:add(f.msg, tvb:range(first, captured)) or tree:add(f.msg)
    r.tree = item
    item:add(f["msg.from"], from):set_generated()
    item:add(f["msg.length"], last - first):set_generated()

    local names = read_groups(r)
    local kind, detail
    if r.failed then
        kind = "message"
    elseif names[1] == "a" then
        kind, detail = dissect_service(r)
    elseif names[1] == "sync" then
        kind, detail = dissect_sync(r)
    elseif #names == 1 and names[1] == "g" then
        kind, detail = dissect_group(r)
    else
        kind = #names == 1 and our_groups[names[1]] or string.format("data for group %s", table.concat(names, "+"))
        detail = string.format("%d bytes", r:left())
        r:rest(f.data)
    end

    item:add(f["msg.kind"], kind):set_generated()
    local summary = detail and kind .. " " .. detail or kind
    item:set_text(partial and "Beginning of a message: " .. summary or "Message: " .. summary)
    return summary
end

------------------------------------------------------------------------------------------------------------------------
-- Packets

local function show_reassembled(frame, message, tree, texts)
    if message.is_cut then
        local item = tree:add(f["reassembled.count"], #message.frames):set_generated()
        item:add_proto_expert_info(cut, "Complete here, but not captured whole")
        texts[#texts + 1] = string.format("%d fragments, not captured whole", #message.frames)
        return
    end
    local tvb = ByteArray.new(message.bytes, true):tvb("Totem message")
    local item = tree:add(f["reassembled.count"], #message.frames):set_generated()
    for _, number in ipairs(message.frames) do item:add(f["fragment.frame"], number):set_generated() end
    local big = frame.big
    frame.big = message.big
    message.summary = dissect_message(frame, tvb, 0, #message.bytes, tree, message.from)
    texts[#texts + 1] = message.summary
    frame.big = big
end

-- What kind of message begins here, as far as one packet tells.
local function guess_kind(r)
    local length = r:peek(2, 2)
    if r:peek(0, 2) ~= 1 or not length or not r:peek(4 + length, 4) then return nil end
    local name = length > 0 and r.tvb:range(r.at + 4, length):string()
    local id = r:peek(4 + length, 4)
    if name ~= "a" then return our_groups[name] end
    return services[math.floor(id / 65536)]
end

local function describe_fragment(r, length, place, message)
    local text = string.format("%s (%d bytes)", place:lower(), length)
    local kind = message and message.summary or place == "Beginning" and guess_kind(r)
    return kind and string.format("%s of %s", text, kind) or text
end

local function show_fragment(r, length, place, message, from, texts)
    local tvb, first = r.tvb, r.at
    local captured = math.min(first + length, tvb:captured_len()) - first
    local item = captured > 0 and r.tree:add(f.fragment, tvb:range(first, captured)) or r.tree:add(f.fragment)
    item:set_text(string.format("%s of a message, %d bytes", place, length))
    if message then
        item:add(f.reassembled_in, message.frame):set_generated()
    elseif place ~= "Beginning" and not r.frame.quoted and not r.frame.linked then
        item:add_proto_expert_info(incomplete, "What this continues is not in the capture")
    end
    if not message or message.frame ~= r.frame.number then
        texts[#texts + 1] = describe_fragment(r, length, place, message)
    end
    -- Where the message cannot be put together, its beginning says at least what it was.
    if place == "Beginning" and captured > 0 and captured < length then
        texts[math.max(#texts, 1)] = dissect_message(r.frame, tvb, first, first + length, r.tree, from, true) .. " …"
    end
    r.at = first + length
end

local function piece_bytes(r, first, length)
    if first + length > r.tvb:captured_len() then return nil end
    return length > 0 and r.tvb:raw(first, length) or ""
end

local function dissect_pieces(r, sender, result, lengths, fragment, continuation, texts)
    local frame = r.frame
    for i, length in ipairs(lengths) do
        local continued, goes_on = i == 1 and continuation ~= 0, i == #lengths and fragment ~= 0
        local packet = result.packet or {}
        if not continued and not goes_on then
            if r.at < r.tvb:captured_len() or length == 0 then
                texts[#texts + 1] = dissect_message(frame, r.tvb, r.at, r.at + length, r.tree, sender)
            end
            r.at = r.at + length
        elseif continued then
            frame.linked = packet.prev ~= nil
            show_fragment(r, length, goes_on and "Middle" or "End", packet.ends, sender, texts)
        else
            show_fragment(r, length, "Beginning", packet.begins, sender, texts)
        end
    end
end

-- identity names the message whose payload this packet is: ring, ring_seq, seq, origin, sender.
local function dissect_packet(r, identity, texts)
    local frame, outer, start = r.frame, r.tree, r.at
    local captured = math.min(r.last, r.tvb:captured_len()) - start
    r.tree = captured > 0 and outer:add(f.packing, r.tvb:range(start, captured)) or outer
    local version = r:u16(f["packing.version"])
    local kind = r:u16(f["packing.type"])
    local fragment = r:u8(f["packing.fragment"])
    local continuation = r:u8(f["packing.continuation"])
    local count = r:u16(f["packing.count"])
    if version ~= 0 or kind ~= 0 then
        r:fail(string.format("packet version %d type %d, 0 and 0 expected", version, kind))
    end
    if count == 0 then r:fail("a packet without pieces") end
    local lengths, total = {}, 0
    for i = 1, count do
        lengths[i] = r:u16(f["packing.length"])
        if r.failed then break end
        total = total + lengths[i]
    end
    if total ~= r:left() then
        r:fail(string.format("the pieces have %d bytes together, the frame has %d", total, r:left()))
    end
    r.tree = outer
    if r.failed then return end

    local result = seen[frame.number]
    if frame.quoted then
        result = { before = {}, after = {} }
    elseif not result then
        local last_length = lengths[#lengths]
        result = remember(frame, {
            frame = frame.number, big = frame.big, sender = identity.sender, ring = identity.ring,
            ring_seq = identity.ring_seq, seq = identity.seq, origin = identity.origin,
            fragment = fragment, continuation = continuation, count = count,
            first_piece = continuation ~= 0 and piece_bytes(r, r.at, lengths[1]) or nil,
            last_piece = fragment ~= 0 and (count > 1 or continuation == 0) and
                piece_bytes(r, r.last - last_length, last_length) or nil,
        })
        seen[frame.number] = result
    end

    if result.copy_of then
        outer:add(f.copy_of, result.copy_of):set_generated()
        frame.copy_of = result.copy_of
    end
    for _, message in ipairs(result.before) do show_reassembled(frame, message, outer, texts) end
    dissect_pieces(r, identity.sender, result, lengths, fragment, continuation, texts)
    for _, message in ipairs(result.after) do show_reassembled(frame, message, outer, texts) end
end

------------------------------------------------------------------------------------------------------------------------
-- Frames. Each returns what the info column says.

local function read_header(r)
    local header = {}
    local at = r.at
    r:u16(f.magic)
    r.tree:add(f.byte_order, r.tvb:range(at, 2), r.frame.big and "big-endian" or "little-endian"):set_generated()
    header.version = r:u8(f.version)
    header.kind = r:u8(f.kind)
    header.encapsulation = r:u8(f.encapsulated)
    header.node_at = r.at
    header.node = r:u32(f.node)
    r:u32(f.target)
    return header
end

-- Kinds without a sender of their own name it in the header.
local function sender_is_node(r, header)
    if r:has(0) then r.tree:add(f.sender, r.tvb:range(header.node_at, 4), header.node):set_generated() end
end

local function read_trailing(r)
    if not r.failed and r:left() > 0 then r:rest(f.trailing) end
end

local function read_links(r)
    local count = r:u16(f["trailer.broken.count"])
    local links = {}
    for _ = 1, count do
        if r.failed then break end
        r:within(f["trailer.broken"], 8, function(item)
            local listener = r:u32(f["trailer.broken.listener"])
            local speaker = r:u32(f["trailer.broken.speaker"])
            item:set_text(string.format("Broken link: %s does not hear %s", listener, speaker))
            links[#links + 1] = string.format("%s↛%s", speaker, listener)
        end)
    end
    return #links > 0 and " broken " .. table.concat(links, ",") or ""
end

local function dissect_token(r, header)
    sender_is_node(r, header)
    local seq = r:u32(f.seq)
    local token_seq = r:u32(f.token_seq)
    local aru = r:u32(f.aru)
    local setter = r:u32(f.aru_setter)
    local ring = r:ring("ring")
    local backlog = r:u32(f.backlog)
    local sent = r:u32(f.fcc)
    local recovering = r:u32(f.retrans_flag)
    local count = r:i32(f["request.count"])
    if count < 0 or count > REQUESTS_MAX then
        r:fail(string.format("%d requests, 0 to %d expected", count, REQUESTS_MAX))
    end
    local requests = {}
    for _ = 1, count do
        if r.failed then break end
        r:within(f.request, 16, function(item)
            local wanted_ring = r:ring("request.ring")
            local wanted = r:u32(f["request.seq"])
            item:set_text(string.format("Request: %s #%s", wanted_ring, wanted))
            requests[#requests + 1] = wanted_ring == ring and tostring(wanted) or wanted_ring .. "#" .. wanted
        end)
    end
    read_trailing(r)
    local info = string.format("Token %s hop %s from %s: seq %s aru %s", ring, token_seq, header.node, seq, aru)
    if setter ~= 0 then info = info .. string.format(" (set by %s)", setter) end
    if sent ~= 0 then info = info .. string.format(" sent %s", sent) end
    if backlog ~= 0 then info = info .. string.format(" backlog %s", backlog) end
    if recovering ~= 0 then info = info .. " recovering" end
    if #requests > 0 then info = info .. " wanted " .. table.concat(requests, ",") end
    return info
end

local function dissect_note(r)
    r:within(f.note, r:left(), function()
        r:u32(f["note.magic"])
        local ring = r:ring("note.ring")
        local ids = r:ids(f["note.obligation"], (r:u16(f["note.obligation.count"])))
        r.frame.note = string.format("promise from %s to %s", ring, ids)
    end)
    return r.frame.note
end

local dissect_recovered

local function dissect_multicast(r, header, is_inner)
    local texts = {}
    local sender = r:u32(f.sender)
    local seq = r:u32(f.seq)
    local origin = r:i32(f.origin_count)
    local ring, ring_seq, rep = r:ring("ring")
    r:u32(f.node_field)
    local guarantee = r:u32(f.guarantee)
    local info = string.format("%s #%s from %s", ring, seq, sender)
    if guarantee == 1 then info = info .. " safe" end
    if r.failed then return info end

    if header.encapsulation == REGULAR then
        if is_inner and rep == 0 and ring_seq == 0 and r:peek(0, 4) == RECOVERY_NOTE then return dissect_note(r) end
        dissect_packet(r, { ring = ring, ring_seq = ring_seq, seq = seq, origin = origin, sender = sender }, texts)
    elseif header.encapsulation == ENCAPSULATED and not is_inner then
        info = "Recovery " .. info
        texts[1] = dissect_recovered(r)
    else
        r:fail(string.format("a message with encapsulation %d", header.encapsulation))
    end
    if r.frame.copy_of and header.encapsulation == REGULAR then
        info = info .. string.format(" (again, first in %d)", r.frame.copy_of)
    end
    return #texts > 0 and info .. ": " .. table.concat(texts, "; ") or info
end

local function byte_order(tvb, at)
    if at + 4 > tvb:captured_len() then return nil end
    local magic = tvb:range(at, 2):uint()
    if tvb:range(at + 2, 1):uint() ~= VERSION then return nil end
    if magic == MAGIC then return "big" end
    return magic == 0x70C0 and "little" or nil
end

-- Old messages are sent on as they were received, in their first sender's byte order.
dissect_recovered = function(r)
    local text
    if not r:has(HEADER_BYTES) then return nil end
    local order = byte_order(r.tvb, r.at)
    if not order then
        r:fail("an encapsulated message without the magic and version of a frame")
        return nil
    end
    local outer = r.tree
    local captured = math.min(r.last, r.tvb:captured_len()) - r.at
    r.tree = outer:add(f.recovered, r.tvb:range(r.at, captured))
    local big = r.frame.big
    r.frame.big = order == "big"
    local header = read_header(r)
    if header.kind ~= KIND_MESSAGE then
        r:fail(string.format("an encapsulated frame of kind %d", header.kind))
    elseif not r.failed then
        text = dissect_multicast(r, header, true)
        r.tree:append_text(": " .. text)
    end
    r.frame.big = big
    r.tree = outer
    return text
end

local function dissect_merge(r)
    local sender = r:u32(f.sender)
    local ring = r:ring("ring")
    local info = string.format("Merge detect: %s is on ring %s", sender, ring)
    if r:left() >= 8 and r:peek(0, 4) == MERGE_TRAILER then
        r:within(f.trailer, r:left(), function()
            r:u32(f["trailer.magic"])
            info = info .. " heard " .. r:ids(f["trailer.heard"], (r:u16(f["trailer.heard.count"])))
            info = info .. read_links(r)
        end)
    end
    read_trailing(r)
    return info
end

local function dissect_join(r, header)
    local sender = r:u32(f.sender)
    local proposed_count = r:u32(f["join.proposed.count"])
    local failed_count = r:u32(f["join.failed.count"])
    local _, ring_seq = r:u64(f["join.ring_seq"])
    local proposed = r:ids(f["join.proposed"], proposed_count)
    local failed, failed_found = r:ids(f["join.failed"], failed_count)
    local leaves = header.node == 0
    r.tree:add(f["join.leave"], leaves):set_generated()
    local info = string.format("%s %s: members %s", leaves and "Leave of" or "Join from", sender, proposed)
    if failed_found > 0 then info = info .. " without " .. failed end
    info = info .. " after ring sequence " .. ring_seq
    if r:left() >= 8 and r:peek(0, 4) == JOIN_TRAILER then
        r:within(f.trailer, r:left(), function()
            r:u32(f["trailer.magic"])
            local silent, count = r:ids(f["trailer.silent"], (r:u16(f["trailer.silent.count"])))
            if count > 0 then info = info .. " silent " .. silent end
            info = info .. read_links(r)
            r:ids(f["trailer.heard"], (r:u16(f["trailer.heard.count"])))
        end)
    end
    read_trailing(r)
    return info
end

local function dissect_commit(r, header)
    sender_is_node(r, header)
    local token_seq = r:u32(f.token_seq)
    local ring = r:ring("ring")
    r:u32(f.retrans_flag)
    local filled = r:i32(f["commit.filled"])
    local count = r:i32(f["commit.count"])
    if count < 0 or filled < 0 or filled > count then
        r:fail(string.format("%d of %d entries filled in", filled, count))
    end
    local members = r:ids(f["commit.member"], count)
    for _ = 1, count do
        if r.failed then break end
        r:within(f["commit.entry"], 24, function(item)
            local old = r:ring("commit.old_ring")
            local aru = r:u32(f["commit.aru"])
            local delivered = r:u32(f["commit.high_delivered"])
            local received = r:u32(f["commit.received"])
            item:set_text(string.format("Entry: old ring %s, aru %s, delivered %s, %s", old, aru, delivered,
                received ~= 0 and "has everything" or "lacks messages"))
        end)
    end
    read_trailing(r)
    return string.format("Commit token %s hop %s from %s: members %s, %d filled in", ring, token_seq, header.node,
        members, filled)
end

local function dissect_hold_cancel(r, header)
    sender_is_node(r, header)
    local ring = r:ring("ring")
    read_trailing(r)
    return string.format("Hold cancel %s from %s", ring, header.node)
end

local function dissect_loan(r, header)
    sender_is_node(r, header)
    local ring = r:ring("ring")
    local token_seq = r:u32(f.token_seq)
    local number = r:u32(f["loan.number"])
    local seq = r:u32(f.seq)
    local allowance = r:u32(f["loan.allowance"])
    local flags = r:u16(f["loan.flags"])
    read_trailing(r)
    local is_returned = flags and flags % 2 == 1
    return string.format("Loan %s of token %s hop %s %s %s: seq %s%s", number, ring, token_seq,
        is_returned and "given back by" or "from", header.node, seq,
        is_returned and "" or string.format(", at most %s more", allowance))
end

local dissectors = {
    [KIND_TOKEN] = dissect_token, [KIND_MESSAGE] = dissect_multicast, [KIND_MERGE] = dissect_merge,
    [KIND_JOIN] = dissect_join, [KIND_COMMIT] = dissect_commit, [KIND_HOLD_CANCEL] = dissect_hold_cancel,
    [KIND_LOAN] = dissect_loan,
}

local function dissect_frame(tvb, pinfo, root, order)
    local length = tvb:reported_len()
    local frame = {
        number = pinfo.number, big = order == "big", cut = tvb:captured_len() < length,
        quoted = icmp_type() ~= nil or icmpv6_type() ~= nil,
    }
    local tree = root:add(totem, tvb:range())
    local r = read(frame, tvb, 0, length, tree)
    local header = read_header(r)
    local info = "Frame"
    if dissectors[header.kind] then
        if not r.failed then info = dissectors[header.kind](r, header) or info end
    else
        r:fail(string.format("a frame of kind %d", header.kind))
    end

    if frame.malformed then info = info .. " [malformed]" end
    if frame.cut and not frame.malformed and not frame.quoted then
        tree:add_proto_expert_info(cut)
        info = info .. " [cut]"
    end
    tree:append_text(", " .. info)
    if not frame.quoted then
        pinfo.cols.protocol = "Totem"
        pinfo.cols.info = info
    end
    return tvb:captured_len()
end

------------------------------------------------------------------------------------------------------------------------
-- kronosnet in clear, or made so by `totem decrypt` (KNET §4, KNET §5). It is big-endian but for fields
-- that only their sender reads. Ours in their own format show their envelope only.

local KNET_DATA, KNET_PING, KNET_PONG, KNET_PROBE, KNET_ANSWER = 0x00, 0x81, 0x82, 0x83, 0x84
local AEAD_MARKER = 0xAE
local AEAD_BYTES_MIN = 20 + 16

local function knet_key(pinfo, node, seq)
    return string.format("%s %s %d %d", tostring(pinfo.src), tostring(pinfo.dst), node, seq)
end

-- Fragments of one message, as they come; a message is whole in the frame that brought its last one.
local function knet_collect(pinfo, node, seq, count, number, payload)
    local known = knet_whole[pinfo.number]
    if known ~= nil or pinfo.visited then return known end
    local key = knet_key(pinfo, node, seq)
    local parts = knet_parts[key]
    if not parts or parts.count ~= count then
        parts = { count = count, got = 0 }
        knet_parts[key] = parts
    end
    if not parts[number] then
        parts[number] = payload:bytes()
        parts.got = parts.got + 1
    end
    if parts.got < count then return nil end
    knet_parts[key] = nil
    local whole = ByteArray.new()
    for i = 1, count do whole:append(parts[i]) end
    knet_whole[pinfo.number] = whole
    return whole
end

local function knet_message(r, pinfo, root, tvb, node)
    local seq = r:u16(f["kronosnet.seq"])
    local compressed = r:u8(f["kronosnet.compressed"])
    r:u8(f["kronosnet.pad"])
    local is_broadcast = r:u8(f["kronosnet.broadcast"])
    local count = r:u8(f["kronosnet.fragments"])
    local number = r:u8(f["kronosnet.fragment"])
    r:u8(f["kronosnet.channel"])
    if r.failed then return "data" end
    local info = string.format("#%d from %d%s", seq, node, is_broadcast ~= 0 and " to all" or "")
    if count > 1 then info = string.format("%s, fragment %d of %d", info, number, count) end
    if count > 1 and (number < 1 or number > count) then
        r:fail(string.format("fragment %d of %d", number, count))
        return info
    end
    if compressed ~= 0 then return info .. ", compressed" end
    if r:left() <= 0 or tvb:captured_len() < tvb:reported_len() then return info end
    local payload = tvb:range(r.at, r:left()):tvb()
    if count > 1 then
        local whole = knet_collect(pinfo, node, seq, count, number, payload)
        if not whole then return info end
        payload = ByteArray.tvb(whole, "Message of kronosnet")
    end
    local order = byte_order(payload, 0)
    if order then
        dissect_frame(payload, pinfo, root, order)
        return nil
    end
    return info
end

local function knet_ping(r, node, name)
    local link = r:u8(f["kronosnet.link"])
    for _, name in ipairs({ "kronosnet.time", "kronosnet.challenge" }) do
        if r:has(8) then
            r.tree:add(f[name], r.tvb:range(r.at, 8))
            r.at = r.at + 8
        end
    end
    local seq = r:u16(f["kronosnet.seq"])
    local timed = r:u8(f["kronosnet.timed"])
    return string.format("%s of link %d from %d, last #%d%s", name, link, node, seq, timed == 0 and ", forced" or "")
end

local function knet_probe(r, node, name)
    local link = r:u8(f["kronosnet.link"])
    r.frame.big = false
    local size = r:u16(f["kronosnet.size"])
    return string.format("%s of link %d from %d, %d bytes", name, link, node, size)
end

local function dissect_knet(tvb, pinfo, root)
    local tree = root:add(knet, tvb:range())
    local frame = { number = pinfo.number, big = true, cut = tvb:captured_len() < tvb:reported_len(),
        quoted = icmp_type() ~= nil or icmpv6_type() ~= nil }
    local r = read(frame, tvb, 0, tvb:reported_len(), tree)
    local info
    if tvb:range(0, 1):uint() == AEAD_MARKER then
        r:u8(f["kronosnet.aead"])
        local algorithm = r:u8(f["kronosnet.aead.algorithm"])
        local node = r:u16(f["kronosnet.node"])
        r:u64(f["kronosnet.aead.life"])
        local _, counter = r:u64(f["kronosnet.aead.counter"])
        info = string.format("Sealed packet %s from %d (%s)", counter, node, algorithm == 1 and "AES-256-GCM"
            or "ChaCha20-Poly1305")
    else
        r:u8(f["kronosnet.version"])
        local kind = r:u8(f["kronosnet.type"])
        local node = r:u16(f["kronosnet.node"])
        r:skip(2)
        if kind == KNET_DATA then info = knet_message(r, pinfo, root, tvb, node)
        elseif kind == KNET_PING then info = knet_ping(r, node, "Ping")
        elseif kind == KNET_PONG then info = knet_ping(r, node, "Pong")
        elseif kind == KNET_PROBE then info = knet_probe(r, node, "Probe")
        else info = knet_probe(r, node, "Answer to a probe") end
    end
    if info and frame.malformed then info = info .. " [malformed]" end
    if info then tree:append_text(", " .. info) end
    if info and not frame.quoted then
        pinfo.cols.protocol = "kronosnet"
        pinfo.cols.info = info
    end
    return tvb:captured_len()
end

-- A packet of data begins as a frame of corosync 1 may, whose next two bytes are its mark of the byte order.
local function is_knet(tvb)
    if tvb:captured_len() < 7 then return false end
    local first, second = tvb:range(0, 1):uint(), tvb:range(1, 1):uint()
    if first == AEAD_MARKER then
        return (second == 1 or second == 2) and tvb:reported_len() > AEAD_BYTES_MIN and tvb:captured_len() >= 20
    end
    if first ~= 1 then return false end
    if second >= KNET_PING and second <= KNET_ANSWER then return true end
    local node = tvb:range(2, 2):uint()
    return second == KNET_DATA and tvb:captured_len() >= 14 and node ~= 0xFF22 and node ~= 0x22FF
end

------------------------------------------------------------------------------------------------------------------------
-- Registration

-- On these ports Wireshark's own dissector knows versions 1 and 2; what is not version 3 is still its business. What
-- neither knows is data: a heuristic that took it for something else would keep all later frames between the two ports.
local older = Dissector.get("corosync_totemnet")
local data = Dissector.get("data")

function totem.dissector(tvb, pinfo, tree)
    local order = byte_order(tvb, 0)
    if order then return dissect_frame(tvb, pinfo, tree, order) end
    if is_knet(tvb) then return dissect_knet(tvb, pinfo, tree) end
    local taken = older and older:call(tvb, pinfo, tree) or 0
    if taken == 0 then data:call(tvb, pinfo, tree) end
    return tvb:captured_len()
end

totem:register_heuristic("udp", function(tvb, pinfo, tree)
    local order = byte_order(tvb, 0)
    if not order or tvb:captured_len() < HEADER_BYTES or not kinds[tvb:range(3, 1):uint()] then return false end
    dissect_frame(tvb, pinfo, tree, order)
    return true
end)

local ports = DEFAULT_PORTS
DissectorTable.get("udp.port"):add(ports, totem)

function totem.prefs_changed()
    if ports == totem.prefs.ports then return end
    if ports ~= "" then DissectorTable.get("udp.port"):remove(ports, totem) end
    ports = totem.prefs.ports
    if ports ~= "" then DissectorTable.get("udp.port"):add(ports, totem) end
end
