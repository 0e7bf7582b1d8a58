using System.Net;
using System.Net.Sockets;
using Totem.Transport.Udp.Host;

namespace Totem.Transport.Udp.Sockets;

/// <summary>
/// A bound UDP socket with a table of destinations. Used by the ring's thread only. Nothing here throws because
/// of the network: what cannot be sent is lost, which the protocol repairs.
/// </summary>
internal interface IDatagramSocket : IDisposable
{
    /// <summary>Cleared by a <see cref="Receive"/> that emptied the socket: the next costs nothing
    /// until somebody sets it again.</summary>
    bool MayHaveMore { get; set; }

    /// <summary>Reads what is pending, up to a batch, without waiting.</summary>
    /// <returns>How many datagrams <see cref="Datagram"/> and <see cref="Source"/> now know; 0 when
    /// nothing was pending.</returns>
    int Receive();

    /// <summary>A datagram of the last batch. Valid until the next <see cref="Receive"/>.</summary>
    ReadOnlySpan<byte> Datagram(int index);

    /// <summary>The sender.</summary>
    NetAddress Source(int index);

    /// <summary>Sends every datagram of the batch, in an order that <see cref="SendBatch"/> allows.</summary>
    /// <returns>How many were not taken by the system.</returns>
    int Send(SendBatch batch);

    /// <summary>Sends an empty datagram, only to learn whether the port answers.</summary>
    void Probe(int destination);

    /// <summary>From now on indexes of destinations refer to this table. Nothing waits to be sent.</summary>
    void Retarget(IReadOnlyList<IPEndPoint> destinations);

    /// <summary>Sends a datagram to whoever asked for it, if there is room now.</summary>
    void Answer(ReadOnlySpan<byte> datagram, NetAddress to);

    /// <summary>Takes the next report that nobody listens at a destination.</summary>
    bool TryReadRefused(out NetAddress destination);

    /// <summary>Takes a datagram that <see cref="Send"/> could not send for its size, where
    /// datagrams may not be fragmented.</summary>
    /// <param name="destination">Where it was to go.</param>
    /// <param name="bytes">Its length.</param>
    /// <param name="interfaceBytes">The longest IP packet that the interface takes; 0 when the
    /// system does not say.</param>
    bool TryTakeTooBig(out int destination, out int bytes, out int interfaceBytes);
}

/// <summary>The news that a sleep has noticed besides datagrams.</summary>
[Flags]
internal enum PollReports
{
    None = 0,

    /// <summary>A socket may have a report of a closed port.</summary>
    RefusedPort = 1,

    /// <summary>The neighbour watch has something.</summary>
    NeighbourWatch = 2,
}

/// <summary>The descriptors that the ring's thread sleeps on.</summary>
internal interface IPoller : IDisposable
{
    /// <summary>
    /// Returns when a socket has something, when somebody called <see cref="Wake"/>, or after the timeout. Where the
    /// system says which socket it is, <see cref="IDatagramSocket.MayHaveMore"/> is set for it and cleared for the
    /// others.
    /// </summary>
    /// <param name="timeout">Null waits for ever; zero does not wait.</param>
    /// <returns>The sockets that are worth a look; a flag that is not set says that there is nothing.</returns>
    PollReports Wait(TimeSpan? timeout);

    /// <summary>Ends the present or the next <see cref="Wait"/>. Any thread.</summary>
    void Wake();

    /// <summary>From now on these are waited for. The thread that waits.</summary>
    void Use(ReadOnlySpan<Socket> descriptors, IDatagramSocket[] sockets, NeighbourWatch? watch);
}
