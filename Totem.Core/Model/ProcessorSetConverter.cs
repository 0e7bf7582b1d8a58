using System.Globalization;

namespace Totem.Core.Model;

/// <summary>Lets configuration systems read a set from a text: numbers with commas between them.</summary>
internal sealed class ProcessorSetConverter : TextConverter
{
    /// <inheritdoc />
    protected override object Parse(string text)
    {
        var ids = new List<ProcessorId>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!uint.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var id) || id == 0)
                throw new FormatException($"'{text}' is no list of processor ids, expected numbers such as 1, 2, 3");
            ids.Add(new ProcessorId(id));
        }

        return ProcessorSet.Of([.. ids]);
    }
}
