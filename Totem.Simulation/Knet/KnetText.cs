using Totem.Transport.Knet.Diagnostics;

namespace Totem.Simulation.Knet;

/// <summary>Events of kronosnet in words, for transcripts.</summary>
internal static class KnetText
{
    public static string Describe(in KnetEvent e) => e.Kind switch
    {
        KnetEventKind.LinkUp => $"link {e.Link} to {e.Peer} is up",
        KnetEventKind.LinkTimedOut => $"link {e.Link} to {e.Peer} is down: no pong in time",
        KnetEventKind.LinkRefused => $"link {e.Link} to {e.Peer} is down: nobody listens there",
        KnetEventKind.LinkRemoved => $"link {e.Link} to {e.Peer} is removed",
        KnetEventKind.PeerReachable => $"{e.Peer} can be reached",
        KnetEventKind.PeerUnreachable => $"{e.Peer} cannot be reached any more",
        KnetEventKind.PeerRestarted => $"{e.Peer} has started anew",
        KnetEventKind.PeerProven => $"{e.Peer} has proven its life",
        KnetEventKind.DataSizeChanged => $"a packet carries {e.Value} bytes of a message",
        KnetEventKind.PathMtuFound => $"link {e.Link} to {e.Peer} carries packets of {e.Value} bytes",
        _ => $"{e.Kind} of {e.Peer}",
    };
}
