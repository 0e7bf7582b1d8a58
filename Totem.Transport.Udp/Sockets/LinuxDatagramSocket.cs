using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Host;
using static Totem.Transport.Udp.Host.LinuxNative;

namespace Totem.Transport.Udp.Sockets;

/// <summary>
/// One system call for a batch of datagrams either way, and the error queue, which names the destination of every
/// datagram that met a closed port.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class LinuxDatagramSocket : IDatagramSocket
{
    private const int ErrorControlBytes = 256;

    /// <summary>Errors of earlier datagrams are reported by later calls, one a call: so many calls
    /// may fail in a row.</summary>
    private const int PendingErrorsMax = 64;

    private readonly Socket _socket;
    private readonly int _descriptor;
    private readonly ReceiveSlots _slots;
    private readonly Func<IReadOnlyList<IPEndPoint>, SendMessages> _createMessages;
    private SendMessages _messages;
    private readonly RefusedSizes? _refusedSizes;
    private readonly Queue<NetAddress> _refused = new(PendingErrorsMax);
    private int _interfaceBytes;
    private bool _disposed;

    /// <summary>Takes over a bound socket.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="destinations">Where it sends to.</param>
    /// <param name="options">How.</param>
    /// <param name="counters">Where everything is counted.</param>
    /// <param name="mayFragment">False for a socket whose datagrams the system may not cut.</param>
    public LinuxDatagramSocket(
        Socket socket, IReadOnlyList<IPEndPoint> destinations, UdpTransportOptions options, NodeCounters counters,
        bool mayFragment = true)
    {
        _refusedSizes = mayFragment ? null : new RefusedSizes();
        _socket = socket;
        _descriptor = (int)socket.SafeHandle.DangerousGetHandle();
        var v4 = socket.AddressFamily == AddressFamily.InterNetwork;
        TrySetOption(_descriptor, v4 ? SOL_IP : SOL_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR, 1);
        TrySetOption(_descriptor, SOL_SOCKET, ControlMessages.ReceiveQueueOverflow, 1);
        // Kernels before 4.18 and 5.0 do not know these. A size of 0 is the default: single
        // messages say when to segment.
        var canSegment = options.SegmentationOffload
            && TrySetOption(_descriptor, ControlMessages.SolUdp, ControlMessages.UdpSegment, 0);
        if (options.SegmentationOffload)
            TrySetOption(_descriptor, ControlMessages.SolUdp, ControlMessages.UdpGro, 1);
        _slots = new ReceiveSlots(counters);
        _createMessages = places => new SendMessages(
            _descriptor, places, (uint)(v4 ? 16 : AddressBytes), canSegment, options.SegmentationRefusal,
            counters, _refusedSizes);
        _messages = _createMessages(destinations);
    }

    public bool MayHaveMore { get; set; } = true;

    public int Receive()
    {
        for (var attempt = 0; MayHaveMore && attempt < PendingErrorsMax; attempt++)
        {
            if (_slots.TryReceive(_descriptor))
            {
                // A batch that was not full emptied the socket: asking again would only cost a call.
                MayHaveMore = _slots.IsFull;
                return _slots.DatagramCount;
            }

            MayHaveMore = Marshal.GetLastPInvokeError() != EAGAIN;
        }

        MayHaveMore = false;
        return 0;
    }

    public ReadOnlySpan<byte> Datagram(int index) => _slots.Datagram(index);

    public NetAddress Source(int index) => NetAddress.Read(_slots.Source(index), _socket.AddressFamily);

    public int Send(SendBatch batch) => _messages.Send(batch);

    public void Probe(int destination) => _messages.Probe(destination);

    public void Retarget(IReadOnlyList<IPEndPoint> destinations)
    {
        _messages.Dispose();
        _messages = _createMessages(destinations);
    }

    public void Answer(ReadOnlySpan<byte> datagram, NetAddress to) => to.TrySend(_socket, datagram);

    public bool TryReadRefused(out NetAddress destination) =>
        _refused.TryDequeue(out destination) || TryReadError(out destination);

    public bool TryTakeTooBig(out int destination, out int bytes, out int interfaceBytes)
    {
        (destination, bytes, interfaceBytes) = (0, 0, 0);
        if (_refusedSizes is not { } sizes || !sizes.TryTake(out destination, out bytes))
            return false;
        // The system has just said what the interface takes, in the queue that also has the closed ports.
        while (_refused.Count < PendingErrorsMax && TryReadError(out var refused))
            _refused.Enqueue(refused);
        interfaceBytes = _interfaceBytes;
        return true;
    }

    /// <summary>Reads the error queue up to the next closed port.</summary>
    private bool TryReadError(out NetAddress destination)
    {
        byte* name = stackalloc byte[AddressBytes];
        byte* control = stackalloc byte[ErrorControlBytes];
        byte data;
        var vector = new IoVec { Base = &data, Length = 1 };
        for (var attempt = 0; attempt < PendingErrorsMax; attempt++)
        {
            var message = new MsgHdr
            {
                Name = name, NameLength = AddressBytes, Vectors = &vector, VectorCount = 1, Control = control,
                    ControlLength = ErrorControlBytes,
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
        _slots.Dispose();
        _messages.Dispose();
    }

    /// <summary>Control messages of other kinds, the count of drops for one, may stand before the report.</summary>
    private bool IsPortUnreachable(in MsgHdr message)
    {
        var control = new ReadOnlySpan<byte>(message.Control, (int)message.ControlLength);
        while (ControlMessages.TryTake(ref control, out var kind, out var data))
        {
            if (kind is not ((SOL_IP, IP_RECVERR) or (SOL_IPV6, IPV6_RECVERR)) || data.Length < sizeof(SockExtendedErr))
                continue;
            var error = MemoryMarshal.Read<SockExtendedErr>(data);
            if (error.Errno == EMSGSIZE && error.Origin == OriginLocal)
                _interfaceBytes = (int)Math.Min(error.Info, IPEndPoint.MaxPort);
            return error.Errno == ECONNREFUSED && error.Origin is OriginIcmp or OriginIcmp6;
        }

        return false;
    }
}
