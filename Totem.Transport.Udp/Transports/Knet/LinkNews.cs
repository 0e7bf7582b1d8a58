using Microsoft.Extensions.Logging;
using Totem.Core.Time;
using Totem.Transport.Knet.Diagnostics;
using Totem.Transport.Udp.Diagnostics;

namespace Totem.Transport.Udp.Transports.Knet;

/// <summary>Tells the log what happens to links. The ring is told nothing of it.</summary>
internal sealed class LinkNews(ILogger logger, ProcessorId self) : IKnetObserver
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMinutes(1);

    private readonly HashSet<ushort> _compressing = [];
    private long _notAuthenticTold;
    private Instant _nextReport;

    /// <summary>Of the machine, once there is one.</summary>
    public KnetCounters? Counters { get; set; }

    public void OnEvent(in KnetEvent knetEvent)
    {
        switch (knetEvent.Kind)
        {
            case KnetEventKind.LinkUp:
                Log.LinkUp(logger, self, knetEvent.Link, knetEvent.Peer);
                break;
            case KnetEventKind.LinkTimedOut:
                Log.LinkDown(logger, self, knetEvent.Link, knetEvent.Peer, "its pings are not answered");
                break;
            case KnetEventKind.LinkRefused:
                Log.LinkDown(logger, self, knetEvent.Link, knetEvent.Peer, "nobody listens there");
                break;
            case KnetEventKind.LinkRemoved:
                Log.LinkDown(logger, self, knetEvent.Link, knetEvent.Peer, "the configuration names it no more");
                break;
            case KnetEventKind.PeerUnreachable:
                Log.PeerUnreachable(logger, self, knetEvent.Peer);
                break;
            case KnetEventKind.PeerRestarted:
                Log.PeerRestarted(logger, self, knetEvent.Peer);
                break;
            case KnetEventKind.PeerProven:
                Log.PeerProven(logger, self, knetEvent.Peer);
                break;
            case KnetEventKind.PathMtuFound:
                Log.PathMtu(logger, self, knetEvent.Link, knetEvent.Peer, knetEvent.Value);
                break;
            case KnetEventKind.DataSizeChanged:
                Log.DataSize(logger, self, knetEvent.Value);
                break;
            case KnetEventKind.CompressionUnknown when _compressing.Add(knetEvent.Peer):
                Log.UnknownCompression(logger, self, knetEvent.Peer, knetEvent.Value);
                break;
        }
    }

    /// <summary>Another key is the most likely reason why a member stays alone.</summary>
    public void TellForgeries(Instant now)
    {
        var count = Counters?[KnetDiscard.NotAuthentic] ?? 0;
        if (count == _notAuthenticTold || now < _nextReport)
            return;
        (_notAuthenticTold, _nextReport) = (count, now + ReportInterval);
        Log.NotAuthentic(logger, self, count);
    }
}
