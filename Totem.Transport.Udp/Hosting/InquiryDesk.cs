using Totem.Core;
using Totem.Core.Time;
using Totem.Transport.Udp.Inquiry;

namespace Totem.Transport.Udp.Hosting;

/// <summary>Answers those who are not on the ring and ask for its groups. The ring's thread.</summary>
internal sealed class InquiryDesk(GroupProcessor processor, RingReporter reporter)
{
    /// <summary>More often than this would take time from the ring.</summary>
    private static readonly TimeSpan AnswerInterval = TimeSpan.FromMilliseconds(0.5);

    private Instant _nextAnswer;

    /// <summary>The answer; null when this question is to be dropped.</summary>
    public byte[]? Answer(GroupQuestion question)
    {
        if (reporter.Now < _nextAnswer)
            return null;
        _nextAnswer = reporter.Now + AnswerInterval;
        return GroupAnswer.Write(in question, processor.IsSynchronized, processor.AllGroups());
    }
}
