using System.Net;
using System.Net.Sockets;

namespace Totem.Transport.Udp.Sockets;

/// <summary>One datagram a call through .NET's sockets, for every system that has them.</summary>
internal sealed class PortableDatagramSocket : IDatagramSocket
{
    private const int SlotBytes = 65_536;

    private readonly Socket _socket;
    private IPEndPoint[] _endPoints = [];
    private SocketAddress[] _destinations = [];
    private readonly SocketAddress _source;
    private Socket?[] _probes = [];
    private readonly byte[] _slot = GC.AllocateUninitializedArray<byte>(SlotBytes, pinned: true);
    private readonly RefusedSizes _refusedSizes = new();
    private int _length;

    /// <summary>Takes over a bound socket.</summary>
    public PortableDatagramSocket(Socket socket, IReadOnlyList<IPEndPoint> destinations)
    {
        _socket = socket;
        _socket.Blocking = false;
        _source = new SocketAddress(socket.AddressFamily);
        Retarget(destinations);
    }

    /// <summary>Always: one datagram a call, and only the call knows.</summary>
    public bool MayHaveMore
    {
        get => true;
        set { }
    }

    public int Receive()
    {
        // Asked first, because an exception is a dear way to learn that nothing is there.
        if (!_socket.Poll(0, SelectMode.SelectRead))
            return 0;
        try
        {
            _length = _socket.ReceiveFrom(_slot, SocketFlags.None, _source);
            return 1;
        }
        catch (SocketException)
        {
            // Windows and BSDs may report here what became of an earlier datagram; the probes find out who it was.
            return 0;
        }
    }

    public ReadOnlySpan<byte> Datagram(int index) => _slot.AsSpan(0, _length);

    public NetAddress Source(int index) => NetAddress.Read(_source.Buffer.Span, _socket.AddressFamily);

    public int Send(SendBatch batch)
    {
        var lost = 0;
        foreach (ref readonly var burst in batch.Bursts)
        {
            foreach (var frame in batch.FramesOf(in burst))
            {
                foreach (var destination in batch.DestinationsOf(in burst))
                    lost += TrySend(batch.Arena.Slice(frame.Offset, frame.LengthBytes), destination) ? 0 : 1;
            }
        }

        return lost;
    }

    /// <summary>Probes go through a connected socket for each destination: only those are told of
    /// closed ports everywhere.</summary>
    public void Probe(int destination)
    {
        try
        {
            if (_probes[destination] is not { } probe)
            {
                probe = _probes[destination] =
                    new Socket(_socket.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
                probe.Connect(_endPoints[destination]);
            }

            probe.Send(ReadOnlySpan<byte>.Empty, SocketFlags.None, out _);
        }
        catch (SocketException)
        {
            // No descriptor or no route: no probe. The token timeout still finds who is gone.
        }
    }

    public void Retarget(IReadOnlyList<IPEndPoint> destinations)
    {
        CloseProbes();
        _endPoints = [.. destinations];
        _destinations = [.. destinations.Select(destination => destination.Serialize())];
        _probes = new Socket?[destinations.Count];
    }

    public void Answer(ReadOnlySpan<byte> datagram, NetAddress to) => to.TrySend(_socket, datagram);

    public bool TryReadRefused(out NetAddress destination)
    {
        Span<byte> nothing = stackalloc byte[1];
        for (var i = 0; i < _probes.Length; i++)
        {
            if (_probes[i] is not { } probe)
                continue;
            // Not asked first, as above: poll does not call a socket readable that has only an
            // error, and this does not throw.
            probe.Receive(nothing, SocketFlags.None, out var error);
            if (error is not (SocketError.ConnectionRefused or SocketError.ConnectionReset))
                continue;
            destination = NetAddress.Of(_endPoints[i]);
            return true;
        }

        destination = default;
        return false;
    }

    public bool TryTakeTooBig(out int destination, out int bytes, out int interfaceBytes)
    {
        interfaceBytes = 0;
        return _refusedSizes.TryTake(out destination, out bytes);
    }

    private bool TrySend(ReadOnlySpan<byte> frame, int destination)
    {
        try
        {
            _socket.SendTo(frame, SocketFlags.None, _destinations[destination]);
            return true;
        }
        catch (SocketException failure)
        {
            if (failure.SocketErrorCode == SocketError.MessageSize)
                _refusedSizes.Add(destination, frame.Length);
            return false;
        }
    }

    public void Dispose()
    {
        CloseProbes();
        _socket.Dispose();
    }

    private void CloseProbes()
    {
        foreach (var probe in _probes)
            probe?.Dispose();
    }
}
