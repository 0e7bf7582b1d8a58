using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using static Totem.Transport.Udp.Internal.LinuxNative;

namespace Totem.Transport.Udp.Internal;

/// <summary>
/// One system call for a batch of datagrams either way, and the error queue, which names the destination of every datagram
/// that met a closed port.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class LinuxDatagramSocket : IDatagramSocket
{
    /// <summary>Room for any UDP datagram. The memory is reserved, not used: a 1500-byte frame touches one page.</summary>
    private const int SlotBytes = 65_536;
    private const int ReceiveCountMax = 64;
    private const int SendCountMax = 128;
    private const int AddressBytes = 28;
    private const int ControlBytes = 256;

    /// <summary>Errors of earlier datagrams are reported by later calls, one a call: so many calls may fail in a row.</summary>
    private const int PendingErrorsMax = 64;

    private readonly Socket _socket;
    private readonly int _descriptor;
    private readonly int _addressLength;
    private readonly byte* _memory;
    private readonly byte* _slots;
    private readonly byte* _sources;
    private readonly byte* _destinations;
    private readonly byte* _control;
    private readonly IoVec* _vectors;
    private readonly MMsgHdr* _receiving;
    private readonly MMsgHdr* _sending;
    private int _usedHeaders;
    private bool _drained;
    private bool _disposed;

    /// <summary>Takes over a bound socket.</summary>
    public LinuxDatagramSocket(Socket socket, IReadOnlyList<IPEndPoint> destinations)
    {
        _socket = socket;
        _descriptor = (int)socket.SafeHandle.DangerousGetHandle();
        var v4 = socket.AddressFamily == AddressFamily.InterNetwork;
        _addressLength = v4 ? 16 : AddressBytes;
        socket.SetRawSocketOption(v4 ? SOL_IP : SOL_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR, BitConverter.GetBytes(1));

        // One block for everything that the kernel reads and writes; it lives as long as the socket.
        var headers = (ReceiveCountMax + SendCountMax) * sizeof(MMsgHdr);
        var vectors = (ReceiveCountMax + SendCountMax) * sizeof(IoVec);
        var addresses = (ReceiveCountMax + destinations.Count) * AddressBytes;
        _memory = (byte*)NativeMemory.AlignedAlloc(
            (nuint)((ReceiveCountMax * SlotBytes) + headers + vectors + ControlBytes + addresses), SlotBytes);
        _slots = _memory;
        _receiving = (MMsgHdr*)(_slots + (ReceiveCountMax * SlotBytes));
        _sending = _receiving + ReceiveCountMax;
        _vectors = (IoVec*)(_sending + SendCountMax);
        _control = (byte*)(_vectors + ReceiveCountMax + SendCountMax);
        _sources = _control + ControlBytes;
        _destinations = _sources + (ReceiveCountMax * AddressBytes);
        NativeMemory.Clear(_receiving, (nuint)(headers + vectors + ControlBytes + addresses));
        for (var i = 0; i < destinations.Count; i++)
            destinations[i].Serialize().Buffer.Span.CopyTo(new Span<byte>(_destinations + (i * AddressBytes), AddressBytes));
        for (var i = 0; i < ReceiveCountMax; i++)
            PrepareReceive(i);
        for (var i = 0; i < SendCountMax; i++)
            PrepareSend(i);
    }

    public int Receive()
    {
        // A batch that was not full emptied the socket: asking again would only cost a call. Asked once more, we look again.
        if (_drained)
        {
            _drained = false;
            return 0;
        }

        for (var attempt = 0; attempt < PendingErrorsMax; attempt++)
        {
            // The kernel has shortened those that it used to what it wrote.
            for (; _usedHeaders > 0; _usedHeaders--)
                _receiving[_usedHeaders - 1].Header.NameLength = AddressBytes;
            var count = RecvMMsg(_descriptor, _receiving, ReceiveCountMax, MSG_DONTWAIT, null);
            _usedHeaders = Math.Max(0, count);
            _drained = count is > 0 and < ReceiveCountMax;
            if (count >= 0)
                return count;
            if (Marshal.GetLastPInvokeError() == EAGAIN)
                return 0;
        }

        return 0;
    }

    public ReadOnlySpan<byte> Datagram(int index) => new(_slots + (index * SlotBytes), (int)_receiving[index].LengthBytes);

    public NetAddress Source(int index)
        => NetAddress.Read(new ReadOnlySpan<byte>(_sources + (index * AddressBytes), AddressBytes), _socket.AddressFamily);

    public int Send(SendBatch batch)
    {
        var lost = 0;
        fixed (byte* arena = batch.Arena)
        {
            var outgoing = batch.Outgoing;
            while (!outgoing.IsEmpty)
            {
                var count = Math.Min(outgoing.Length, SendCountMax);
                for (var i = 0; i < count; i++)
                    Address(i, arena + outgoing[i].Offset, outgoing[i].LengthBytes, outgoing[i].Destination);
                lost += SendPrepared(count);
                outgoing = outgoing[count..];
            }
        }

        return lost;
    }

    public void Probe(int destination)
    {
        Address(0, _control, 0, destination);
        SendPrepared(1);
    }

    public bool TryReadRefused(out NetAddress destination)
    {
        byte* name = stackalloc byte[AddressBytes];
        byte data;
        var vector = new IoVec { Base = &data, Length = 1 };
        for (var attempt = 0; attempt < PendingErrorsMax; attempt++)
        {
            var message = new MsgHdr
            {
                Name = name, NameLength = AddressBytes, Vectors = &vector, VectorCount = 1, Control = _control, ControlLength = ControlBytes,
            };
            if (RecvMsg(_descriptor, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
            {
                if (Marshal.GetLastPInvokeError() == EINTR)
                    continue;
                break;
            }

            if (!IsPortUnreachable(message))
                continue;
            destination = NetAddress.Read(new ReadOnlySpan<byte>(name, AddressBytes), _socket.AddressFamily);
            return true;
        }

        destination = default;
        return false;
    }

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _socket.Dispose();
        NativeMemory.AlignedFree(_memory);
    }

    private static bool IsPortUnreachable(in MsgHdr message)
    {
        if (message.ControlLength < (nuint)(sizeof(CMsgHdr) + sizeof(SockExtendedErr)))
            return false;
        var header = (CMsgHdr*)message.Control;
        if ((header->Level, header->Type) is not ((SOL_IP, IP_RECVERR) or (SOL_IPV6, IPV6_RECVERR)))
            return false;
        var error = (SockExtendedErr*)(header + 1);
        return error->Errno == ECONNREFUSED && error->Origin is OriginIcmp or OriginIcmp6;
    }

    private int SendPrepared(int count)
    {
        var (sent, lost, failures) = (0, 0, 0);
        while (sent < count)
        {
            var taken = SendMMsg(_descriptor, _sending + sent, (uint)(count - sent), MSG_DONTWAIT | MSG_NOSIGNAL);
            if (taken > 0)
            {
                sent += taken;
                failures = 0;
                continue;
            }

            // The kernel reports what became of an earlier datagram instead of sending this one: the report is in the error
            // queue too, so it is only in the way. A full buffer gets a moment; what comes twice concerns this datagram.
            var error = Marshal.GetLastPInvokeError();
            var again = error is ECONNREFUSED or EINTR
                || (failures == 0 && (error is not (EAGAIN or ENOBUFS) || WaitWritable()));
            if (again && ++failures < PendingErrorsMax)
                continue;
            sent++;
            lost++;
            failures = 0;
        }

        return lost;
    }

    private bool WaitWritable()
    {
        var poll = new PollFd { Descriptor = _descriptor, Events = POLLOUT };
        var millisecond = new TimeSpec { Nanoseconds = 1_000_000 };
        return PPoll(&poll, 1, &millisecond, null) > 0;
    }

    private void Address(int index, byte* datagram, int lengthBytes, int destination)
    {
        var vector = _sending[index].Header.Vectors;
        vector->Base = datagram;
        vector->Length = (nuint)lengthBytes;
        _sending[index].Header.Name = _destinations + (destination * AddressBytes);
    }

    private void PrepareReceive(int index)
    {
        _vectors[index] = new IoVec { Base = _slots + (index * SlotBytes), Length = SlotBytes };
        _receiving[index].Header = new MsgHdr { Name = _sources + (index * AddressBytes), Vectors = _vectors + index, VectorCount = 1 };
        _receiving[index].Header.NameLength = AddressBytes;
    }

    private void PrepareSend(int index)
    {
        _sending[index].Header = new MsgHdr
        {
            NameLength = (uint)_addressLength, Vectors = _vectors + ReceiveCountMax + index, VectorCount = 1,
        };
    }
}
