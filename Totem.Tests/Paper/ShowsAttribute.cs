namespace Totem.Tests.Paper;

/// <summary>Which sentence a test shows, word for word; <see cref="QuotationTests"/> looks it up.</summary>
/// <param name="document">Where it stands, from the root of the repository.</param>
/// <param name="sentence">The sentence, or the part of it that is shown, without its marks.</param>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ShowsAttribute(string document, string sentence) : Attribute
{
    public string Document => document;

    public string Sentence => sentence;

    /// <summary>The part of the paper that the sentence restates; null for a rule of ours.</summary>
    public string? After { get; init; }
}
