using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Host;
using static Totem.Transport.Udp.Host.LinuxNative;

namespace Totem.Transport.Udp.Sockets;

/// <summary>
/// Where one <c>recvmmsg</c> writes to. A slot gets one datagram, or as many as receive offload (UDP_GRO) has put
/// together; either way they are handed out one by one.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class ReceiveSlots : IDisposable
{
    /// <summary>Room for any UDP datagram, and for whatever is put together. The memory is
    /// reserved, not used: 1500 bytes touch one page.</summary>
    private const int SlotBytes = 65_536;

    private const int SlotCountMax = 64;

    /// <summary>Full slots are read while they are in a second-level cache: no more of them in one
    /// call than this.</summary>
    private const int BytesWanted = 8 * SlotBytes;

    /// <summary>Two control messages of a number each need 48 bytes.</summary>
    private const int ControlBytes = 64;

    private readonly byte* _memory;
    private readonly byte* _slots;
    private readonly byte* _sources;
    private readonly byte* _controls;
    private readonly MMsgHdr* _headers;
    private readonly int[] _firstDatagrams = new int[SlotCountMax + 1];
    private readonly int[] _segmentBytes = new int[SlotCountMax];
    private readonly NodeCounters _counters;
    private int _slotCount = SlotCountMax;
    private int _asked = SlotCountMax;
    private int _lastSlot;
    private uint _dropped;

    public ReceiveSlots(NodeCounters counters)
    {
        _counters = counters;
        var small = SlotCountMax * (sizeof(MMsgHdr) + sizeof(IoVec) + ControlBytes + AddressBytes);
        _memory = (byte*)NativeMemory.AlignedAlloc((nuint)((SlotCountMax * SlotBytes) + small), SlotBytes);
        _slots = _memory;
        _headers = (MMsgHdr*)(_slots + (SlotCountMax * SlotBytes));
        var vectors = (IoVec*)(_headers + SlotCountMax);
        _controls = (byte*)(vectors + SlotCountMax);
        _sources = _controls + (SlotCountMax * ControlBytes);
        NativeMemory.Clear(_headers, (nuint)small);
        for (var i = 0; i < SlotCountMax; i++)
        {
            vectors[i] = new IoVec { Base = _slots + (i * SlotBytes), Length = SlotBytes };
            _headers[i].Header = new MsgHdr
            {
                Name = _sources + (i * AddressBytes), Vectors = vectors + i, VectorCount = 1,
                    Control = _controls + (i * ControlBytes),
            };
        }
    }

    /// <summary>How many datagrams the last call brought.</summary>
    public int DatagramCount { get; private set; }

    /// <summary>The last call used every slot that it was given: there may be more.</summary>
    public bool IsFull { get; private set; }

    /// <summary>Reads what is pending, up to a batch, without waiting.</summary>
    /// <returns>False when the call failed; the error number says why.</returns>
    public bool TryReceive(int descriptor)
    {
        // The kernel has shortened these lengths to what it wrote.
        for (; _slotCount > 0; _slotCount--)
        {
            _headers[_slotCount - 1].Header.NameLength = AddressBytes;
            _headers[_slotCount - 1].Header.ControlLength = ControlBytes;
        }

        _counters.ReceiveCalls++;
        var count = RecvMMsg(descriptor, _headers, (uint)_asked, MSG_DONTWAIT, null);
        _slotCount = Math.Max(0, count);
        IsFull = count == _asked;
        Number();
        return count >= 0;
    }

    /// <summary>A datagram of the last call.</summary>
    public ReadOnlySpan<byte> Datagram(int index)
    {
        var slot = SlotOf(index);
        var (offset, length) = ((index - _firstDatagrams[slot]) * _segmentBytes[slot], (int)_headers[slot].LengthBytes);
        return new ReadOnlySpan<byte>(
            _slots + (slot * SlotBytes) + offset, Math.Min(_segmentBytes[slot], length - offset));
    }

    /// <summary>The address that it came from, as the kernel wrote it.</summary>
    public ReadOnlySpan<byte> Source(int index) => new(_sources + (SlotOf(index) * AddressBytes), AddressBytes);

    public void Dispose() => NativeMemory.AlignedFree(_memory);

    /// <summary>Gives the datagrams in the slots their numbers.</summary>
    private void Number()
    {
        var (count, bytes) = (0, 0L);
        for (var slot = 0; slot < _slotCount; slot++)
        {
            var length = (int)_headers[slot].LengthBytes;
            var (segment, dropped) = (0, _dropped);
            ControlMessages.Read(
                new ReadOnlySpan<byte>(_controls + (slot * ControlBytes),
                    (int)Math.Min(_headers[slot].Header.ControlLength, ControlBytes)),
                ref segment, ref dropped);
            // The kernel's number starts anew after 2^32; what is older than the last one says nothing new.
            _counters.DatagramsDropped += Math.Max(0, (int)(dropped - _dropped));
            _dropped = dropped;
            var isOne = segment <= 0 || segment >= length;
            _segmentBytes[slot] = isOne ? length : segment;
            _firstDatagrams[slot] = count;
            var datagrams = isOne ? 1 : (length + segment - 1) / segment;
            _counters.DatagramsReceivedTogether += isOne ? 0 : datagrams;
            count += datagrams;
            bytes += length;
        }

        _firstDatagrams[_slotCount] = count;
        DatagramCount = count;
        _lastSlot = 0;
        // The next ones are most likely like these: few slots for large ones, all for small ones.
        if (_slotCount > 0)
            _asked = (int)Math.Clamp(
                BytesWanted * (long)_slotCount / Math.Max(1, bytes), BytesWanted / SlotBytes, SlotCountMax);
    }

    private int SlotOf(int index)
    {
        // Most often the one of the last call, or the next.
        var slot = index < _firstDatagrams[_lastSlot] ? 0 : _lastSlot;
        while (index >= _firstDatagrams[slot + 1])
            slot++;
        return _lastSlot = slot;
    }
}
