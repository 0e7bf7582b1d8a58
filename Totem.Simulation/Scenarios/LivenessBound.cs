using Totem.Core.Membership;
using Totem.Simulation.Model;
using Totem.Transport.Knet;
using Totem.Transport.Knet.Links;

namespace Totem.Simulation.Scenarios;

/// <summary>
/// How long, in virtual time, a cluster may take once the faults have stopped. Generous on purpose: a bound that a
/// healthy protocol can miss by bad luck would be ignored, and what we look for takes for ever.
/// </summary>
internal static class LivenessBound
{
    // From the worst state one whole formation takes: losing the token, a consensus that has to give somebody up, the
    // commit token's two rounds, recovery. Several may follow one another, when pieces find each other one by one by
    // their merge detects and a processor that was given up wrongly comes back.
    private const int FormationsMax = 10;

    private static readonly TimeSpan KnetTick = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Until one ring of exactly the connected processors stands: <see cref="FormationsMax"/> × (token timeout +
    /// consensus timeout + merge detect interval + join interval + 8 rotations + a rotation for every <c>window</c>
    /// messages of the old rings), and once the fail-to-receive timeout.
    /// </summary>
    public static TimeSpan ForRing(ClusterSetup setup)
    {
        var options = setup.Options;
        var recovery = Rotation(setup) * (8 + 2.0 * options.ReceiveWindow / options.WindowSize);
        var recoveryMax = 4 * options.TokenTimeout;
        var formation = options.TokenTimeout + options.ConsensusTimeout + options.MergeDetectInterval
            + options.JoinInterval
            + 2 * setup.StoreLatency + (recovery < recoveryMax ? recovery : recoveryMax);
        return FormationsMax * formation + options.FailToReceiveTimeout;
    }

    /// <summary>
    /// How much longer it takes on kronosnet: until links are up, which is one pong more than the wanted number, each
    /// at the tick after the interval; and as long again for keys, when a ring learns of them before it meets the
    /// others. A member may wait for another's step that it has heard too early, once for each change, of which two may
    /// be under way.
    /// </summary>
    public static TimeSpan ForLinks(ClusterSetup setup, bool changesKeys)
    {
        if (setup.Knet is null)
            return TimeSpan.Zero;
        var timers = LinkTimers.OfToken(setup.Options.TokenTimeout);
        var up = (timers.PongCount + 2) * (timers.PingInterval + KnetTick) + timers.PingTimeout;
        return changesKeys ? 2 * up + ForRing(setup) + 2 * KeyChange.Patience : up;
    }

    /// <summary>
    /// Until so many frames of messages are delivered on a ring that stands: two rotations for each <c>window</c> of
    /// frames, as if each member sent one a visit at worst, and the token timeout.
    /// </summary>
    public static TimeSpan ForMessages(ClusterSetup setup, long frames)
    {
        var perRotation = Math.Min(setup.Options.WindowSize, setup.Options.MaxMessagesPerVisit);
        return setup.Options.TokenTimeout * 4 + Rotation(setup) * (16 + 4.0 * frames / perRotation);
    }

    /// <summary>How long a ring must have lasted before it counts: whoever has lost its token knows by then.</summary>
    public static TimeSpan Settled(ClusterSetup setup) =>
        1.5 * setup.Options.TokenTimeout + 2 * setup.Options.MergeDetectInterval;

    /// <summary>
    /// The same while a cut stays: two rings that a mended link could join may learn of it only when the next slow
    /// telling of who hears whom goes round, and that joins them.
    /// </summary>
    public static TimeSpan SettledWithCuts(ClusterSetup setup) =>
        Settled(setup) + (Neighbourhood.QuietIntervalsMax + 1) * setup.Options.MergeDetectInterval;

    /// <summary>A member that lost commit tokens is met again after so long at the latest, and
    /// while a cut stays that may be a change more.</summary>
    public static TimeSpan UntilMetAgain(ClusterSetup setup) => Neighbourhood.RestMax * setup.Options.TokenTimeout;

    /// <summary>How long nothing may change after that, while nothing happens.</summary>
    public static TimeSpan Calm(ClusterSetup setup) =>
        2 * (setup.Options.TokenTimeout + setup.Options.ConsensusTimeout) + 3 * setup.Options.MergeDetectInterval;

    private static TimeSpan Rotation(ClusterSetup setup) => setup.Processors.Count * (setup.Latency + setup.Jitter);
}
