using System.Net;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Host;
using static Totem.Transport.Udp.Host.LinuxNative;

namespace Totem.Transport.Udp.Sockets;

/// <summary>
/// The most that one <c>sendmmsg</c> reads from. A message is a datagram, or a run of datagrams of one size for one
/// destination that the kernel or the interface cuts apart (UDP_SEGMENT), for the cost of one.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class SendMessages : IDisposable
{
    private const int CountMax = 128;

    /// <summary>UDP_MAX_SEGMENTS of kernels before 6.9, which take twice as many.</summary>
    private const int SegmentsMax = 64;

    /// <summary>The most that an IPv4 packet can carry: the run is one packet until it is cut.</summary>
    private const int RunBytesMax = 65_507;

    /// <summary>Errors of earlier datagrams are reported by later calls, one a call: so many calls
    /// may fail in a row.</summary>
    private const int PendingErrorsMax = 64;

    /// <summary>Milliseconds that a batch waits for a full send buffer, all its messages together:
    /// a megabyte at 1 Gbit/s.</summary>
    private const int WaitsMax = 10;

    /// <summary>Refusals for the size of a segment after which we do not ask any more.</summary>
    private const int RefusalsMax = 8;

    /// <summary>A header and two bytes of data, aligned.</summary>
    private const int ControlBytes = 24;

    private readonly int _descriptor;
    private readonly RefusedSizes? _refusedSizes;
    private readonly NodeCounters _counters;
    private readonly int _pretendedRefusal;
    private readonly byte* _memory;
    private readonly byte* _controls;
    private readonly byte* _destinations;
    private readonly MMsgHdr* _messages;
    private readonly MMsgHdr* _single;
    private int _count;
    private int _lost;
    private int _waits;
    private int _segmentBytesMax;
    private int _refusals;

    /// <param name="descriptor">The socket.</param>
    /// <param name="destinations">The table that indexes refer to.</param>
    /// <param name="addressLength">Bytes of an address of the socket's family.</param>
    /// <param name="isSegmenting">Whether runs are tried.</param>
    /// <param name="pretendedRefusal">Tests: the error of every segmented send; 0 asks the kernel.</param>
    /// <param name="counters">Calls, datagrams sent together, refusals.</param>
    /// <param name="refusedSizes">Told of datagrams that may not be fragmented and are too large;
    /// null where they may.</param>
    public SendMessages(
        int descriptor, IReadOnlyList<IPEndPoint> destinations, uint addressLength, bool isSegmenting,
        int pretendedRefusal, NodeCounters counters,
        RefusedSizes? refusedSizes = null)
    {
        _descriptor = descriptor;
        _refusedSizes = refusedSizes;
        _counters = counters;
        _pretendedRefusal = pretendedRefusal;
        // Refusals lower it: the largest segment that the path is known to take, or is not known not to.
        _segmentBytesMax = isSegmenting ? RunBytesMax : 0;
        // One more message than a batch, for what is sent on its own.
        var bytes = ((CountMax + 1) * (sizeof(MMsgHdr) + sizeof(IoVec) + ControlBytes))
            + (destinations.Count * AddressBytes);
        _memory = (byte*)NativeMemory.AllocZeroed((nuint)bytes);
        _messages = (MMsgHdr*)_memory;
        _single = _messages + CountMax;
        var vectors = (IoVec*)(_messages + CountMax + 1);
        _controls = (byte*)(vectors + CountMax + 1);
        _destinations = _controls + ((CountMax + 1) * ControlBytes);
        for (var i = 0; i < destinations.Count; i++)
            destinations[i].Serialize().Buffer.Span.CopyTo(
                new Span<byte>(_destinations + (i * AddressBytes), AddressBytes));
        for (var i = 0; i <= CountMax; i++)
        {
            _messages[i].Header = new MsgHdr
            {
                NameLength = addressLength, Vectors = vectors + i, VectorCount = 1,
                    Control = _controls + (i * ControlBytes),
            };
            *(CMsgHdr*)_messages[i].Header.Control = new CMsgHdr
            {
                Length = (nuint)(sizeof(CMsgHdr) + sizeof(ushort)), Level = ControlMessages.SolUdp,
                    Type = ControlMessages.UdpSegment,
            };
        }
    }

    /// <summary>Sends every datagram of the batch.</summary>
    /// <returns>How many were not taken by the system.</returns>
    public int Send(SendBatch batch)
    {
        (_count, _lost, _waits) = (0, 0, WaitsMax);
        fixed (byte* arena = batch.Arena)
        {
            foreach (ref readonly var burst in batch.Bursts)
            {
                foreach (var destination in batch.DestinationsOf(in burst))
                    AddRuns(arena, batch.FramesOf(in burst), destination);
            }

            SendAll();
        }

        return _lost;
    }

    /// <summary>Sends an empty datagram.</summary>
    public void Probe(int destination)
    {
        _waits = 0;
        Prepare(_single, _destinations + (destination * AddressBytes), _memory, 0, 0);
        Send(_single, 1);
    }

    public void Dispose() => NativeMemory.Free(_memory);

    private void AddRuns(byte* arena, ReadOnlySpan<OutgoingFrame> frames, int destination)
    {
        while (!frames.IsEmpty)
        {
            var (count, bytes) = RunOf(frames);
            if (_count == CountMax)
                SendAll();
            Prepare(
                _messages + _count++, _destinations + (destination * AddressBytes), arena + frames[0].Offset, bytes,
                count > 1 ? frames[0].LengthBytes : 0);
            frames = frames[count..];
        }
    }

    /// <summary>How many of these frames go as one message: they have one size, except that the
    /// last may be shorter.</summary>
    private (int Count, int Bytes) RunOf(ReadOnlySpan<OutgoingFrame> frames)
    {
        var segment = frames[0].LengthBytes;
        var (count, bytes) = (1, segment);
        if (segment > _segmentBytesMax)
            return (count, bytes);
        for (; count < frames.Length && count < SegmentsMax; count++)
        {
            var length = frames[count].LengthBytes;
            if (length > segment || bytes + length > RunBytesMax || frames[count].Offset != frames[0].Offset + bytes)
                break;
            bytes += length;
            if (length < segment)
                return (count + 1, bytes);
        }

        return (count, bytes);
    }

    private static void Prepare(MMsgHdr* message, byte* destination, byte* data, int bytes, int segmentBytes)
    {
        message->Header.Name = destination;
        *message->Header.Vectors = new IoVec { Base = data, Length = (nuint)bytes };
        // Without a length the kernel does not look at the control message.
        message->Header.ControlLength = segmentBytes == 0 ? 0 : (nuint)ControlBytes;
        *(ushort*)(message->Header.Control + sizeof(CMsgHdr)) = (ushort)segmentBytes;
    }

    private static int SegmentBytesOf(MMsgHdr* message)
        => message->Header.ControlLength == 0 ? 0 : *(ushort*)(message->Header.Control + sizeof(CMsgHdr));

    private static int DatagramsOf(MMsgHdr* message)
    {
        var (bytes, segment) = ((int)message->Header.Vectors->Length, SegmentBytesOf(message));
        return segment == 0 ? 1 : (bytes + segment - 1) / segment;
    }

    private void SendAll()
    {
        Send(_messages, _count);
        _count = 0;
    }

    private void Send(MMsgHdr* message, int count)
    {
        var failures = 0;
        for (var end = message + count; message < end;)
        {
            var segment = SegmentBytesOf(message);
            if (segment > _segmentBytesMax)
            {
                SendApart(message++, segment);
                continue;
            }

            var taken = Call(message, (int)(end - message));
            if (taken > 0)
            {
                CountTogether(message, taken);
                message += taken;
                failures = 0;
                continue;
            }

            var error = Marshal.GetLastPInvokeError();
            if (IsWorthAnotherCall(error, failures++))
                continue;
            failures = 0;
            if (segment > 0 && _refusedSizes is not null && error is EINVAL or EMSGSIZE)
                SendRunApart(message++, segment, error);
            else if (segment > 0 && error is EIO or EINVAL or EMSGSIZE or EOPNOTSUPP)
                Refuse(segment, error); // It is sent apart next.
            else
                Lose(message++, error);
        }
    }

    /// <summary>
    /// The kernel reports what became of an earlier datagram instead of sending this one: the report is in the error
    /// queue too, so it is only in the way. A full buffer gets a moment; what comes twice concerns this datagram.
    /// </summary>
    private bool IsWorthAnotherCall(int error, int failures) => error switch
    {
        ECONNREFUSED or EINTR => failures < PendingErrorsMax,
        EAGAIN => WaitWritable(),
        ENOBUFS => failures == 0 && WaitWritable(),
        _ => failures == 0,
    };

    /// <summary>
    /// A segment can be too large for the path, or the path cannot segment at all; the numbers do not always tell
    /// which. So smaller ones are tried a few times.
    /// </summary>
    private void Refuse(int segment, int error)
    {
        _counters.SegmentationRefused++;
        _segmentBytesMax = error is EIO or EOPNOTSUPP || ++_refusals == RefusalsMax ? 0 : segment - 1;
    }

    private void Lose(MMsgHdr* message, int error)
    {
        _lost += DatagramsOf(message);
        if (error == EMSGSIZE && _refusedSizes is { } sizes)
            sizes.Add(
                (int)((message->Header.Name - _destinations) / AddressBytes), (int)message->Header.Vectors->Length);
    }

    /// <summary>Datagrams that may not be fragmented are too large for the interface, or it cannot
    /// segment: one by one they tell.</summary>
    private void SendRunApart(MMsgHdr* run, int segment, int error)
    {
        var before = _refusedSizes!.Total;
        SendApart(run, segment);
        if (_refusedSizes.Total == before)
            Refuse(segment, error);
    }

    /// <summary>The datagrams of a run one by one, as if there were no segmentation.</summary>
    private void SendApart(MMsgHdr* run, int segment)
    {
        var data = run->Header.Vectors->Base;
        var bytes = (int)run->Header.Vectors->Length;
        for (var offset = 0; offset < bytes; offset += segment)
        {
            Prepare(_single, run->Header.Name, data + offset, Math.Min(segment, bytes - offset), 0);
            Send(_single, 1);
        }
    }

    private int Call(MMsgHdr* messages, int count)
    {
        if (_pretendedRefusal != 0)
        {
            var plain = 0;
            while (plain < count && SegmentBytesOf(messages + plain) == 0)
                plain++;
            if (plain == 0)
            {
                Marshal.SetLastPInvokeError(_pretendedRefusal);
                return -1;
            }

            count = plain;
        }

        _counters.SendCalls++;
        return SendMMsg(_descriptor, messages, (uint)count, MSG_DONTWAIT | MSG_NOSIGNAL);
    }

    private void CountTogether(MMsgHdr* messages, int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (messages[i].Header.ControlLength > 0)
                _counters.DatagramsSentTogether += DatagramsOf(messages + i);
        }
    }

    /// <returns>False when this batch has waited long enough.</returns>
    private bool WaitWritable()
    {
        if (_waits-- <= 0)
            return false;
        var poll = new PollFd { Descriptor = _descriptor, Events = POLLOUT };
        var millisecond = new TimeSpec { Nanoseconds = 1_000_000 };
        _ = PPoll(&poll, 1, &millisecond, null);
        return true;
    }
}
