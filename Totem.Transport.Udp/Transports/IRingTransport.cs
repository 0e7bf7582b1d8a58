using Totem.Core.Model;
using Totem.Core.Time;
using Totem.Transport.Udp.Inquiry;

namespace Totem.Transport.Udp.Transports;

/// <summary>
/// One member's way to the others, as the host of a ring sees it: frames go out and come in, the thread sleeps between
/// them, and members that have ended are noticed. A transport knows the kind of a frame and nothing else of the
/// protocol. Used by the ring's thread; only <see cref="Wake"/> is for all.
/// </summary>
internal interface IRingTransport : IDisposable
{
    /// <summary>This member.</summary>
    ProcessorId Self { get; }

    /// <summary>Every configured member. A reload may change it.</summary>
    ProcessorSet Members { get; }

    /// <summary>The address that the sockets are bound to, for people.</summary>
    string LocalAddress { get; }

    /// <summary>The size that the kernel granted instead of the buffers that were asked for; null when all is
    /// well.</summary>
    string? SmallBuffers { get; }

    /// <summary>Which system calls are in use.</summary>
    DatagramPath Path { get; }

    /// <summary>Where the next frame is to be written, with room for the largest.</summary>
    Span<byte> NextFrame { get; }

    /// <summary>
    /// Regular tokens are kept apart from what came with them, and <see cref="TryReceive"/> says which goes first. Else
    /// frames come in the order in which each socket had them.
    /// </summary>
    bool KeepsTokensApart { get; set; }

    /// <summary>The facts known of the token's way, at the next <see cref="Wait"/>.</summary>
    TokenForecast Forecast { get; set; }

    /// <summary>Asked by <see cref="Wait"/> where it would look for the token before it sleeps; an
    /// idle ring does not ask.</summary>
    Func<bool> MayLook { get; set; }

    /// <summary>Answers those who ask from a configured address; null when this question is to be dropped.</summary>
    Func<GroupQuestion, byte[]?>? Answers { get; set; }

    /// <summary>Told how long the thread slept; null when nobody wants to know.</summary>
    RingTurns? Turns { get; set; }

    /// <summary>How many frames of this size a receiver's buffer holds while its process is not scheduled, one datagram
    /// each: a larger window would lose them.</summary>
    int FramesHeld(int frameBytes);

    /// <summary>Sends the frame in <see cref="NextFrame"/>, at the latest with the next <see cref="Flush"/>.</summary>
    void Send(in Transmit transmit, Instant now);

    /// <summary>Hands the system everything that waits to be sent.</summary>
    void Flush();

    /// <summary>Takes the next frame that came in. The frame is valid until the next call.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="isTokenFirst">Of a token kept apart and other frames that both wait: the token,
    /// or else the token last.</param>
    bool TryReceive(out ReadOnlySpan<byte> frame, bool isTokenFirst = false);

    /// <summary>Sleeps until something can be received, somebody wakes us, or the time is over.</summary>
    void Wait(TimeSpan? timeout);

    /// <summary>Ends the present or next <see cref="Wait"/>. Any thread, also after the end.</summary>
    void Wake();

    /// <summary>Takes the next member at whose port nobody listens any more.</summary>
    bool TryTakeUnreachable(Instant now, out ProcessorId unreachable);

    /// <summary>
    /// Probes the successor, or everybody who was heard while there is none, where they run on this host and nothing
    /// was sent to them for a while: an idle ring sends so little that a closed port would be noticed late. And who was
    /// heard and is no member.
    /// </summary>
    /// <returns>When to call again; null when nobody is to be probed.</returns>
    Instant? ProbeIfQuiet(ProcessorId successor, ProcessorSet members, Instant now);

    /// <summary>When a datagram came from a member's address last, in ticks of the ring's clock; 0 for never. Any
    /// thread.</summary>
    long LastHeard(ProcessorId member);

    /// <summary>Composes the message that is to be multicast on the ring as it is. The same one until
    /// <see cref="HandleAnnounced"/>.</summary>
    /// <returns>Empty when there is none.</returns>
    ReadOnlySpan<byte> ComposeAnnouncement() => [];

    /// <summary>The announcement is on its way.</summary>
    void HandleAnnounced()
    {
    }

    /// <summary>Reads what the options name, and makes everything for a reload that can fail. Nothing changes. Any
    /// thread, while no other reload is under way.</summary>
    /// <param name="next">The options as they are to be.</param>
    /// <returns>Null where nothing can change while a member runs.</returns>
    /// <exception cref="TransportException">They cannot be used.</exception>
    ITransportReload? PrepareReload(UdpTransportOptions next) => null;

    /// <summary>Begins to use a reload that was prepared: its keys. <see cref="CompleteReload"/> follows, when nothing
    /// that was received waits.</summary>
    /// <param name="reload">The reload.</param>
    /// <param name="isLate">The order has gone on since its place.</param>
    /// <returns>The change, for people; null when there is none.</returns>
    string? HandleReload(ITransportReload reload, bool isLate) => null;

    /// <summary>Members and links become those of the reload.</summary>
    void CompleteReload()
    {
    }

    /// <summary>The announcement of a member was delivered: it takes this step. Ours moves us.</summary>
    void HandleKeyStep(ProcessorId node, int phase)
    {
    }

    /// <summary>A configuration was delivered, a transitional one too. Nobody waits for the step of one that has
    /// left.</summary>
    void HandleMembers(ProcessorSet members)
    {
    }

    /// <summary>Sees to it that the sockets hear what they are to hear, whatever has become of the interface.</summary>
    /// <returns>When to call again; null when there is nothing to see to.</returns>
    Instant? CheckInterface(Instant now);
}
